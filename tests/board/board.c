/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine of the simulated board.
 *
 * Between two events (a transition of a ring, a thermal tick) power is constant, so energy is
 * summed exactly. The horizon up to which is integrated is the present, unless a writer is in the
 * middle of a transition (formats/board_page.h says how that is known): then the step is left for the next one,
 * so a late process, the board included, costs freshness and never exactness.
 */
#include "tests/board/board.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "formats/base/util.h"

#define TICK_NS 1000000u
#define STUCK_NS 200000000u

double erg_board_temp(const struct erg_board *b)
{
	return erg_thermal_temp(&b->heat, b->control.ambient_c);
}

static void total_load(const struct erg_board *b, struct erg_model_load *ret)
{
	*ret = (struct erg_model_load){.cpu_activity = b->followed};
	for (unsigned i = 0; i < ERG_BOARD_RINGS; i++) {
		ret->simd_rate += b->ring_load[i].simd_rate;
		ret->bus_rate += b->ring_load[i].bus_rate;
		ret->cpu_activity += b->ring_load[i].cpu_activity;
		ret->gpu_activity += b->ring_load[i].gpu_activity;
	}
	if (ret->cpu_activity > b->clocks.cpus_online)
		ret->cpu_activity = b->clocks.cpus_online;
	if (ret->gpu_activity > 1)
		ret->gpu_activity = 1;
	if (ret->bus_rate > b->cfg.model.bus_max) /* caches serve the rest */
		ret->bus_rate = b->cfg.model.bus_max;
}

static void log_truth(struct erg_board *b)
{
	struct erg_truth_record r = {.time_ns = b->t_ns,
		.temp_c = (float)erg_board_temp(b),
		.cpu_khz = (uint32_t)b->clocks.cpu_khz,
		.gpu_khz = (uint32_t)b->clocks.gpu_khz,
		.throttled = b->control.throttled};

	memcpy(r.energy_j, b->energy_j, sizeof(r.energy_j));
	fwrite(&r, sizeof(r), 1, b->truth);
}

/* Constant power until TO_NS. */
static void integrate(struct erg_board *b, uint64_t to_ns)
{
	struct erg_model_load load;
	struct erg_model_power p;
	double dt = (double)(to_ns - b->t_ns) * 1e-9;

	if (to_ns <= b->t_ns)
		return;
	total_load(b, &load);
	erg_model_power(&b->cfg.model, &b->clocks, &load, erg_board_temp(b), &p);
	erg_board_sensors_feed(b, to_ns, &p);
	for (int i = 0; i < ERG_RAILS; i++)
		b->energy_j[i] += p.rail_w[i] * dt;
	b->energy_j[ERG_TRUTH_LEAK] += p.leak_w * dt;
	b->heat_j += p.rail_w[ERG_RAIL_IN] * dt;
	b->bus += load.bus_rate * dt;
	b->seen_j += p.rail_w[ERG_RAIL_IN] * dt;
	b->seen_dynamic_j += p.dynamic_cpu_w * dt;
	b->seen_cpu += load.cpu_activity * dt;
	b->seen_gpu += load.gpu_activity * dt;
	erg_board_count(b, dt);
	b->t_ns = to_ns;
	log_truth(b);
}

static void publish_state(struct erg_board *b)
{
	struct erg_board_state *s = &b->page->state;
	uint64_t cpu_hz = (uint64_t)(b->clocks.cpu_khz * 1000);
	uint64_t gpu_hz = (uint64_t)(b->clocks.gpu_khz * 1000);
	bool changed = atomic_load(&s->cpu_hz) != cpu_hz || atomic_load(&s->gpu_hz) != gpu_hz ||
		atomic_load(&s->cpus_online) != b->clocks.cpus_online ||
		atomic_load(&s->throttled) != b->control.throttled;

	atomic_store(&s->cpu_hz, cpu_hz);
	atomic_store(&s->gpu_hz, gpu_hz);
	atomic_store(&s->cpus_online, b->clocks.cpus_online);
	atomic_store(&s->throttled, b->control.throttled);
	if (changed)
		atomic_fetch_add(&s->changes, 1);
}

static void take_clocks(struct erg_board *b)
{
	b->clocks = (struct erg_model_clocks){.cpu_khz = b->control.cpu.cur_khz,
		.gpu_khz = b->control.gpu.cur_khz,
		.cpus_online = erg_control_cpus(&b->control)};
	publish_state(b);
}

static void thermal_tick(struct erg_board *b)
{
	struct erg_thermal_params t;
	double dt = TICK_NS * 1e-9;

	erg_thermal_select(&b->cfg.model, b->control.sink, b->control.pwm / 255.0, &t);
	erg_thermal_step(&b->heat, &t, b->heat_j / dt, dt * b->cfg.thermal_speed);
	atomic_store(&b->page->state.temp_mdegc, (int32_t)(erg_board_temp(b) * 1000));
	atomic_store(&b->page->state.bus_load, (uint64_t)(b->bus / dt));
	b->heat_j = 0;
	b->bus = 0;
	b->tick_ns += TICK_NS;
}

static void control_tick(struct erg_board *b)
{
	double dt = ERG_CONTROL_TICK_NS * 1e-9;
	struct erg_control_seen seen = {.temp_c = erg_board_temp(b),
		.power_w = b->seen_j / dt,
		.dynamic_cpu_w = b->seen_dynamic_j / dt,
		.cpu_util = b->seen_cpu / dt,
		.gpu_util = b->seen_gpu / dt};

	if (seen.cpu_util > 1)
		seen.cpu_util = 1;
	erg_control_tick(&b->control, &b->cfg.model, &seen);
	b->seen_j = b->seen_dynamic_j = b->seen_cpu = b->seen_gpu = 0;
	b->control_ns += ERG_CONTROL_TICK_NS;
	take_clocks(b);
}

/* The ring whose next transition comes first and not after *HORIZON; *horizon becomes its time. */
static struct erg_board_ring *next_transition(struct erg_board *b, uint64_t *horizon)
{
	struct erg_board_ring *first = NULL;

	for (unsigned i = 0; i < ERG_BOARD_RINGS; i++) {
		struct erg_board_ring *r = &b->page->rings[i];
		uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed), t;

		if (tail == atomic_load(&r->head))
			continue;
		t = r->slots[tail & (ERG_BOARD_SLOTS - 1)].time_ns;
		if (t <= *horizon) {
			*horizon = t;
			first = r;
		}
	}
	return first;
}

static void take_transition(struct erg_board *b, struct erg_board_ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	const struct erg_board_transition *s = &r->slots[tail & (ERG_BOARD_SLOTS - 1)];
	struct erg_model_load *load = &b->ring_load[r - b->page->rings];

	if (s->time_ns < b->t_ns)
		b->late++;
	*load = (struct erg_model_load){.simd_rate = s->simd_rate,
		.bus_rate = s->bus_rate,
		.cpu_activity = s->cpu_activity,
		.gpu_activity = s->gpu_activity};
	atomic_store(&r->tail, tail + 1);
}

static bool writer_pending(struct erg_board *b, uint64_t now_ns)
{
	for (unsigned i = 0; i < ERG_BOARD_RINGS; i++) {
		if (!atomic_load(&b->page->rings[i].pending))
			continue;
		if (b->stuck_ns == 0)
			b->stuck_ns = now_ns;
		return now_ns - b->stuck_ns < STUCK_NS;
	}
	b->stuck_ns = 0;
	return false;
}

static void advance(struct erg_board *b, uint64_t now_ns)
{
	while (b->t_ns < now_ns) {
		uint64_t horizon = b->tick_ns < now_ns ? b->tick_ns : now_ns;
		struct erg_board_ring *ring = next_transition(b, &horizon);

		integrate(b, horizon);
		if (ring) {
			take_transition(b, ring);
			continue;
		}
		if (b->t_ns >= b->tick_ns)
			thermal_tick(b);
		if (b->t_ns >= b->control_ns)
			control_tick(b);
	}
}

void erg_board_step(struct erg_board *b)
{
	uint64_t now = erg_mono_ns();

	if (writer_pending(b, now))
		return;
	b->followed = erg_follow_activity(&b->follow, now);
	advance(b, now);
	erg_board_sensors_show(b);
	erg_board_counts_show(b);
}

void erg_board_tidy(struct erg_board *b)
{
	for (unsigned i = 0; i < ERG_BOARD_RINGS; i++) {
		struct erg_board_ring *r = &b->page->rings[i];
		uint32_t owner = atomic_load(&r->owner);

		if (owner == 0 || kill((pid_t)owner, 0) == 0 || errno != ESRCH)
			continue;
		atomic_store(&r->pending, 0);
		atomic_store(&r->tail, atomic_load(&r->head));
		b->ring_load[i] = (struct erg_model_load){0};
		atomic_store(&r->owner, 0);
	}
	fflush(b->truth);
}

static int open_page(struct erg_board *b, const char *path, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd =
		openat(b->root_fd, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct erg_board_page *p;

	if (fd < 0 || ftruncate(fd, sizeof(*p)) < 0 || fchmod(fd, 0666) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return erg_fail_errno(err, -errno, "%s: mmap", path);
	p->version = ERG_BOARD_VERSION;
	p->size = sizeof(*p);
	atomic_store(&p->state.cpu_max_hz,
		1000ull * erg_model_cpu_clocks.khz[erg_model_cpu_clocks.n - 1]);
	atomic_store(&p->state.gpu_max_hz,
		1000ull * erg_model_gpu_clocks.khz[erg_model_gpu_clocks.n - 1]);
	atomic_store(&p->state.bus_max, (uint64_t)b->cfg.model.bus_max);
	p->magic = ERG_BOARD_MAGIC;
	b->page = p;
	return 0;
}

/* The temperature at which the idle board has settled. */
static void settle(struct erg_board *b)
{
	struct erg_model_load idle = {0};
	struct erg_thermal_params t;
	struct erg_model_power p;

	erg_thermal_select(&b->cfg.model, b->control.sink, 0, &t);
	for (int i = 0; i < 100; i++) {
		erg_model_power(&b->cfg.model, &b->clocks, &idle, erg_board_temp(b), &p);
		for (int k = 0; k < 2; k++)
			b->heat.x_k[k] = t.r_k_per_w[k] * p.rail_w[ERG_RAIL_IN];
	}
}

static int open_root(struct erg_board *b, struct erg_err *err)
{
	const char *dir = b->cfg.dir;
	int r;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return erg_fail_errno(err, -errno, "%s", dir);
	b->root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->root_fd < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	if (faccessat(b->root_fd, "class", F_OK, 0) == 0 &&
		faccessat(b->root_fd, "simulated", F_OK, 0) < 0)
		return erg_fail(err, -EEXIST,
			"%s: has a class/ that no board made: expected a new or a board's directory",
			dir);
	r = erg_tree_static(b->root_fd, "simulated", "everything below is simulated by erg-board",
		err);
	return r == -EACCES
		? erg_fail(err, r,
			  "%s: cannot be written: expected a new directory, or a board's "
			  "of the same user",
			  dir)
		: r;
}

int erg_board_open(struct erg_board *b, const struct erg_board_config *cfg, struct erg_err *err)
{
	int r;

	memset(b, 0, sizeof(*b));
	b->cfg = *cfg;
	b->root_fd = -1;
	b->processes.fd = b->looks.fd = -1;
	b->n_looks = 1;
	erg_control_init(&b->control, &cfg->model);
	b->control.sink = cfg->sink;
	r = open_root(b, err);
	if (r == 0)
		r = erg_tree_static(b->root_fd, "ergboard/about", "controls of the simulated board",
			err);
	if (r == 0)
		r = erg_tree_make(b->root_fd, "ergboard/processes", 0444, 0, "", &b->processes,
			err);
	if (r == 0)
		r = open_page(b, cfg->page_path ? cfg->page_path : "ergboard/page", err);
	if (r < 0)
		return r;
	take_clocks(b);
	settle(b);
	b->truth = erg_truth_create(cfg->truth_path);
	if (!b->truth)
		return erg_fail_errno(err, -errno, "%s", cfg->truth_path);
	erg_follow_init(&b->follow, cfg->follow, cfg->follow_pid);
	b->t_ns = erg_mono_ns();
	b->tick_ns = b->t_ns + TICK_NS;
	b->control_ns = b->t_ns + ERG_CONTROL_TICK_NS;
	log_truth(b);
	r = erg_board_sensors_open(b, err);
	return r < 0 ? r : erg_board_files_open(b, err);
}

void erg_board_close(struct erg_board *b)
{
	if (b->truth)
		fclose(b->truth);
	if (b->page)
		munmap(b->page, sizeof(*b->page));
	erg_board_sensors_close(b);
	erg_board_files_close(b);
	erg_tree_close(&b->processes);
	erg_closep(&b->root_fd);
	b->truth = NULL;
	b->page = NULL;
	b->root_fd = -1;
}
