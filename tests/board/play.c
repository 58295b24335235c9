/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-board-play: plays a network, or a synthetic co-runner, on the simulated board.
 *
 * In real time: a step publishes its rates, waits as long as it takes at the granted speed, and is
 * annotated like the layer of a real network. When the board changes the clock, or others load the
 * memory, the rest of the step is replanned within 2 ms. Rates hold until the step really ends, so
 * a late wake-up makes a step longer, with the same power; the next one is shorter by as much, so
 * that the time of a run is the model's and not the host's.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "tracepoints/erg.h"
#include "formats/base/util.h"
#include "tests/board/play.h"

#define SLICE_NS 2000000u
#define SPIN_NS 60000u
#define LATE_MAX_NS 200000000u
#define ACTIVITY 0.5f /* of a core while it works: stalls included */
#define GPU_ACTIVITY 0.85f
#define HOST_ACTIVITY 0.05f /* of a core that waits for the GPU or for I/O */

static atomic_int stop;
static uint32_t counter_simd, counter_bus;

struct player {
	const struct erg_play_config *cfg;
	struct erg_board_page *page;
	struct erg_board_ring *ring;
	const struct erg_net *net;
	const struct erg_play_step *steps;
	size_t n_steps;
	uint32_t *layer_ids, *module_ids;
	uint32_t network_id, track;
	uint64_t rng, deadline_ns;
	uint64_t planned_ns; /* when the last step should have ended */
	unsigned index;
	uint64_t done; /* iterations */
	double macs;
	pthread_t thread;
};

static void on_signal(int sig)
{
	atomic_store(&stop, sig);
}

static double gauss(uint64_t *rng)
{
	double sum = 0;

	for (int i = 0; i < 12; i++) { /* Irwin-Hall: bounded by 6 sigma */
		*rng = *rng * 6364136223846793005ull + 1442695040888963407ull;
		sum += (double)(*rng >> 11) / 9007199254740992.0;
	}
	return sum - 6;
}

/* Sleeps, and spins through the last moments, until END_NS. */
static void wait_until(uint64_t end_ns)
{
	uint64_t now = erg_mono_ns();

	if (end_ns > now + SPIN_NS) {
		uint64_t wake = end_ns - SPIN_NS;
		struct timespec ts = {(time_t)(wake / ERG_NSEC_PER_SEC),
			(long)(wake % ERG_NSEC_PER_SEC)};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	while (erg_mono_ns() < end_ns)
		;
}

/* Cores that this thread really has: all threads share those that are online. */
static double share_of_cores(const struct player *p)
{
	double online = atomic_load(&p->page->state.cpus_online);
	double want = (double)p->cfg->cores * p->cfg->threads;

	return want > online ? online / p->cfg->threads : p->cfg->cores;
}

/*
 * Of the memory, by what others do. The load that the board shows is a mean over a past
 * millisecond, which holds this thread's own past too: alone, it must not take that for others.
 */
static double slowdown(struct player *p, double own_bus)
{
	for (unsigned i = 0; i < ERG_BOARD_RINGS; i++)
		if (&p->page->rings[i] != p->ring && atomic_load(&p->page->rings[i].owner))
			return erg_board_bus_slowdown(p->page, own_bus);
	return 1;
}

/* Publishes the rates of STEP at the present speed; returns its whole duration in seconds. */
static double publish_step(struct player *p, const struct erg_play_step *step, double *own_bus,
	uint64_t *ret_ns)
{
	struct erg_board_state *s = &p->page->state;
	double cores = share_of_cores(p), hz, total, slow = slowdown(p, *own_bus);
	struct erg_board_transition t = {0};

	hz = (double)(step->gpu ? atomic_load(&s->gpu_hz) : atomic_load(&s->cpu_hz));
	total = erg_play_step_s(step, hz, slow, cores);
	*own_bus = t.bus_rate = step->bus / total;
	t.cpu_activity = HOST_ACTIVITY;
	if (step->gpu) {
		t.gpu_activity = GPU_ACTIVITY;
	} else {
		t.simd_rate = step->macs / total;
		t.cpu_activity = (float)(ACTIVITY * cores * (1 - step->fixed_s / total));
	}
	*ret_ns = erg_board_publish(p->ring, &t);
	return total;
}

/* Where the schedule stands at NOW: lateness of up to LATE_MAX_NS is caught up. */
static uint64_t schedule(const struct player *p, uint64_t now)
{
	return p->planned_ns && now - p->planned_ns < LATE_MAX_NS ? p->planned_ns : now;
}

/* Plays until the work is done. Returns how much was done (1, or a little more or less when it woke
 * late), and when it began. */
static double play_step(struct player *p, const struct erg_play_step *step, uint64_t *ret_begin)
{
	double own_bus = 0, progress = 0, done = 0;
	uint64_t at, planned, now, end;
	double total = publish_step(p, step, &own_bus, &at);

	*ret_begin = at;
	planned = schedule(p, at);
	for (;;) {
		uint64_t changes = atomic_load(&p->page->state.changes);
		double slow = erg_board_bus_slowdown(p->page, own_bus);

		end = planned + (uint64_t)((1 - progress) * total * 1e9);
		wait_until(end <= at + SLICE_NS ? end : at + SLICE_NS);
		now = erg_mono_ns();
		done += (double)(now - at) * 1e-9 / total;
		at = now;
		if (now >= end)
			break;
		progress += (double)(now - planned) * 1e-9 / total;
		planned = now;
		if (changes != atomic_load(&p->page->state.changes) ||
			fabs(erg_board_bus_slowdown(p->page, own_bus) / slow - 1) > 0.02)
			total = publish_step(p, step, &own_bus, &at);
	}
	p->planned_ns = end;
	return done;
}

static void begin_modules(const struct player *p, uint32_t layer)
{
	for (uint32_t m = 0; p->net && m < p->net->n_modules; m++)
		if (p->net->modules[m].first == layer)
			erg_begin(p->module_ids[m]);
}

static void end_modules(const struct player *p, uint32_t layer)
{
	for (uint32_t m = p->net ? p->net->n_modules : 0; m-- > 0;)
		if (p->net->modules[m].end == layer + 1)
			erg_end(p->module_ids[m]);
}

static void play_layer(struct player *p, const struct erg_play_step *nominal, uint32_t iteration)
{
	struct erg_play_step step = *nominal;
	double factor = 1 + p->cfg->jitter * gauss(&p->rng), done;
	uint32_t id = p->layer_ids[step.layer];
	uint64_t begin;

	if (factor < 0.1)
		factor = 0.1;
	step.macs *= factor;
	step.bus *= factor;
	if (p->cfg->plain) {
		play_step(p, &step, &begin);
		return;
	}
	if (step.gpu && !p->cfg->sync) {
		done = play_step(p, &step, &begin);
		erg_span(id, iteration, begin, erg_mono_ns(), p->track);
		return;
	}
	erg_begin(id);
	done = play_step(p, &step, &begin);
	if (!step.gpu)
		erg_counter_add(counter_simd, llround(step.macs * done));
	erg_counter_add(counter_bus, llround(step.bus * done));
	erg_end(id);
	p->macs += step.macs * done;
}

static void rest(struct player *p)
{
	struct erg_board_transition idle = {0};

	p->planned_ns =
		schedule(p, erg_board_publish(p->ring, &idle)) + (uint64_t)(p->cfg->gap_s * 1e9);
	wait_until(p->planned_ns);
}

static void play_iteration(struct player *p, uint32_t iteration)
{
	bool annotate = !p->cfg->plain;
	uint32_t at = 0;

	if (annotate) {
		erg_iteration(iteration);
		erg_begin(p->network_id);
	}
	for (size_t i = 0; i < p->n_steps && !atomic_load(&stop); i++) {
		/* modules also begin and end at layers that are no step */
		for (; annotate && p->net && at < p->steps[i].layer; at++) {
			begin_modules(p, at);
			end_modules(p, at);
		}
		if (annotate)
			begin_modules(p, p->steps[i].layer);
		play_layer(p, &p->steps[i], iteration);
		if (annotate)
			end_modules(p, p->steps[i].layer);
		at = p->steps[i].layer + 1;
	}
	if (annotate)
		erg_end(p->network_id);
	if (p->cfg->gap_s > 0)
		rest(p);
}

/* Weights are read and laid out: a core and the memory are busy. */
static void set_up(struct player *p)
{
	struct erg_board_transition load = {.cpu_activity = ACTIVITY,
		.bus_rate = 0.4 * ERG_PLAY_BUS_PER_CORE};

	if (!p->cfg->plain)
		erg_phase_begin("setup");
	p->planned_ns = erg_board_publish(p->ring, &load) + (uint64_t)(p->cfg->setup_s * 1e9);
	wait_until(p->planned_ns);
	if (!p->cfg->plain)
		erg_phase_end("setup");
}

/*
 * A board has no other programs that keep it waiting between the begin of a layer and its power: before
 * them, where this is allowed; an ordinary user's is as late as others make it. It sleeps nearly always.
 */
static void come_first(void)
{
	struct sched_param first = {.sched_priority = 1};

	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
		setpriority(PRIO_PROCESS, 0, -20);
}

static void *play(void *arg)
{
	struct player *p = arg;
	const struct erg_play_config *cfg = p->cfg;

	come_first();
	p->ring = erg_board_ring_take(p->page, (uint32_t)syscall(SYS_gettid));
	if (!p->ring)
		return NULL;
	if (cfg->setup_s > 0)
		set_up(p);
	if (cfg->warmup && !cfg->plain)
		erg_phase_begin("warm-up");
	for (uint32_t i = 0; i < cfg->warmup && !atomic_load(&stop); i++)
		play_iteration(p, i);
	if (cfg->warmup && !cfg->plain)
		erg_phase_end("warm-up");
	p->deadline_ns = cfg->duration_s > 0 ? erg_mono_ns() + (uint64_t)(cfg->duration_s * 1e9)
					     : UINT64_MAX;
	if (!cfg->plain)
		erg_phase_begin("inference");
	while (!atomic_load(&stop) && erg_mono_ns() < p->deadline_ns &&
		(cfg->iterations == 0 || p->done < cfg->iterations))
		play_iteration(p, cfg->warmup + (uint32_t)p->done++);
	if (!cfg->plain)
		erg_phase_end("inference");
	erg_board_ring_drop(p->ring);
	return p;
}

static void define_modules(struct player *p)
{
	const struct erg_net *net = p->net;

	for (uint32_t m = 0; m < net->n_modules; m++) {
		const struct erg_net_module *mod = &net->modules[m];
		uint32_t parent =
			mod->parent == ERG_NET_NONE ? p->network_id : p->module_ids[mod->parent];

		p->module_ids[m] = erg_module(parent, mod->name, mod->type);
	}
}

static void define_layers(struct player *p)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct erg_net_layer *l = &p->net->layers[p->steps[i].layer];
		struct erg_layer_info info = {.size = sizeof(info),
			.name = l->name,
			.type = erg_net_type(l),
			.macs = l->macs,
			.params = l->params,
			.bytes_in = l->bytes_in,
			.bytes_out = l->bytes_out,
			.bytes_params = l->bytes_params,
			.in_dims = 3,
			.out_dims = 3,
			.kernel_dims = l->kernel[0] ? 2 : 0,
			.in_shape = {l->in.c, l->in.h, l->in.w},
			.out_shape = {l->out.c, l->out.h, l->out.w},
			.kernel_shape = {l->kernel[0], l->kernel[1]}};

		p->layer_ids[p->steps[i].layer] =
			erg_layer(l->module == ERG_NET_NONE ? p->network_id
							    : p->module_ids[l->module],
				&info);
	}
}

/* What a roofline needs to know of them: see "roof" in erg-analyze-report(1). */
static void define_roofs(struct player *p)
{
	struct erg_layer_info ops = {.size = sizeof(ops),
		.name = "operations",
		.type = "roof",
		.macs = (uint64_t)(ERG_PLAY_ROOF_MACS * p->cfg->scale)};
	struct erg_layer_info bytes = {.size = sizeof(bytes),
		.name = "bytes",
		.type = "roof",
		.bytes_in = (uint64_t)(ERG_PLAY_ROOF_BUS * ERG_PLAY_BUS_BYTES * p->cfg->scale)};

	p->layer_ids[0] = erg_layer(p->network_id, &ops);
	p->layer_ids[1] = erg_layer(p->network_id, &bytes);
}

static int define(struct player *p, struct erg_err *err)
{
	static const char *const kinds[] = {"", "memory-bound", "compute-bound", "io-bound",
		"roofs"};
	const char *name = p->net ? p->net->name : kinds[p->cfg->kind];
	struct erg_layer_info info = {.size = sizeof(info), .name = name, .type = "synthetic"};

	p->layer_ids = calloc(p->net ? p->net->n_layers : 2, sizeof(uint32_t));
	p->module_ids =
		calloc(p->net && p->net->n_modules ? p->net->n_modules : 1, sizeof(uint32_t));
	if (!p->layer_ids || !p->module_ids)
		return erg_fail(err, -ENOMEM, "no memory");
	if (p->cfg->plain)
		return 0;
	counter_simd = erg_counter("simd");
	counter_bus = erg_counter("bus");
	p->network_id = erg_network(name);
	if (p->cfg->gpu)
		p->track = erg_track("gpu0", true);
	if (p->cfg->kind == ERG_PLAY_ROOFS) {
		define_roofs(p);
		return 0;
	}
	if (!p->net) {
		p->layer_ids[0] = erg_layer(p->network_id, &info);
		return 0;
	}
	define_modules(p);
	define_layers(p);
	return 0;
}

static int load_net(const char *what, struct erg_net **ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *dir = NULL, *path = NULL;
	int r = erg_net_default_dir(&dir, err);

	if (r >= 0)
		r = erg_net_locate(what, dir, &path, err);
	return r < 0 ? r : erg_net_read(path, ret, err);
}

static int run(const struct erg_play_config *cfg, struct erg_err *err)
{
	_cleanup_(erg_net_freep) struct erg_net *net = NULL;
	_cleanup_(erg_freep) struct erg_play_step *steps = NULL;
	struct player players[ERG_BOARD_RINGS], first = {.cfg = cfg};
	const char *where = cfg->page ? cfg->page : getenv("ERG_BOARD_PAGE");
	uint64_t begin, done = 0;
	int r = cfg->kind == ERG_PLAY_NET ? load_net(cfg->net, &net, err) : 0;

	if (r < 0)
		return r;
	first.page = erg_board_page_open(cfg->page);
	if (!first.page)
		return erg_fail_errno(err, -errno, "no board: ERG_BOARD_PAGE (%s)",
			where ? where : "not set");
	first.net = net;
	r = erg_play_steps(cfg, net, &steps, &first.n_steps, err);
	first.steps = steps;
	if (r == 0)
		r = define(&first, err);
	begin = erg_mono_ns();
	for (unsigned i = 0; r == 0 && i < cfg->threads; i++) {
		players[i] = first;
		players[i].index = i;
		players[i].rng = cfg->seed * 1000003 + i;
		r = -pthread_create(&players[i].thread, NULL, play, &players[i]);
	}
	for (unsigned i = 0; r == 0 && i < cfg->threads; i++) {
		void *ok;

		pthread_join(players[i].thread, &ok);
		if (!ok)
			r = erg_fail(err, -EBUSY, "the board's %u rings are all taken",
				ERG_BOARD_RINGS);
		done += players[i].done;
	}
	free(first.layer_ids);
	free(first.module_ids);
	if (r == 0)
		printf("%llu iterations in %.3f s\n", (unsigned long long)done,
			(double)(erg_mono_ns() - begin) * 1e-9);
	return r;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct erg_play_config cfg;
	struct erg_err err = {0};
	int r = erg_play_parse(&cfg, argc, argv, &err);

	if (r == 1) {
		erg_play_help(stdout);
		return 0;
	}
	if (r < 0) {
		fprintf(stderr, "erg-board-play: %s\n", err.msg);
		return 2;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (run(&cfg, &err) < 0) {
		fprintf(stderr, "erg-board-play: %s\n", err.msg);
		return 1;
	}
	return 0;
}
