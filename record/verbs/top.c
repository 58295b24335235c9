/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb top: what a recording of this user shows while it goes on, or what the machine's sensors
 * say where none does. On a terminal a screen, otherwise a line a second.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/base/options.h"
#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/source.h"
#include "record/top/look.h"
#include "record/top/sensors.h"
#include "record/top/text.h"
#include "record/verbs/screen.h"
#include "record/verbs/verb.h"

#define STEPS_MAX 240  /* of the window */
#define SENSORS_HZ 10. /* without a recording */
#define FIRST_NS 100000000u
#define NICE 10 /* what is looked at comes first */

struct options {
	unsigned int pid, count;
	bool sensors;
	const char *list, *sysfs, *format;
	double interval_s, window_s;
};

static const char *const formats[] = {"text", "json", NULL};

static const char list_default[] = "auto", sysfs_default[] = "/sys";

#define AT(field) offsetof(struct options, field)

static const struct erg_option rows[] = {
	{"pid", 'p', "PID", "look at the recording by this process (the newest of yours)",
		ERG_OPTION_UNSIGNED, AT(pid), 1, 4194304},
	{"interval", 0, "S", "time between two pictures (0.5 on a terminal, else 1)",
		ERG_OPTION_NUMBER, AT(interval_s), 0.1, 3600},
	{"window", 0, "S", "the time that means and shares are of (5)", ERG_OPTION_NUMBER,
		AT(window_s), 0.1, 3600},
	{"count", 'n', "N", "end after N pictures", ERG_OPTION_UNSIGNED, AT(count), 1, 1e9},
	{"sensors", 0, NULL, "the machine's sensors, whatever is recorded", ERG_OPTION_FLAG,
		AT(sensors)},
	{"source", 's', "LIST", "sources by name, without a recording (auto)", ERG_OPTION_TEXT,
		AT(list)},
	{"sysfs", 0, "DIR", "sensors from DIR instead of /sys", ERG_OPTION_TEXT, AT(sysfs)},
	{"format", 0, "FORMAT", "text, or json: a document a line (text)", ERG_OPTION_CHOICE,
		AT(format), .choices = formats},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "top",
	.synopsis = "[options]",
	.about = "Shows a recording while it goes on: power of each rail, temperatures, clocks, "
		 "throttling, and which layers take the time. Without a recording, the machine's "
		 "sensors. Lines where standard output is no terminal; q ends.",
	.groups = groups,
};

/* ---- what is looked at ---- */

struct view {
	struct options o;
	struct erg_top_pages pages;
	struct erg_source_list sources;
	struct erg_top_sensors *sensors;
	struct erg_top *top;
	struct erg_screen *screen;
};

static int sensors_open(struct view *v, struct erg_err *err)
{
	struct erg_source_config cfg = {
		.sysfs = v->o.sysfs,
		.proc = "/proc",
		.interval_ns = (uint64_t)(1e9 / SENSORS_HZ),
	};
	int r;

	if (access(v->o.sysfs, X_OK) < 0)
		return erg_fail_errno(err, -errno, "--sysfs %s", v->o.sysfs);
	cfg.simulated = erg_attr_exists("%s/simulated", v->o.sysfs);
	r = erg_sources_find(v->o.list, &cfg, &v->sources, err);
	if (r < 0)
		return r;
	r = erg_top_sensors_start(&v->sources, SENSORS_HZ, &v->sensors, err);
	if (r < 0)
		return r;
	if (erg_top_sensors_failed(v->sensors))
		erg_warn("%u sources could not be started: erg-record sources says why",
			erg_top_sensors_failed(v->sensors));
	v->pages = (struct erg_top_pages){.show = erg_top_sensors_page(v->sensors)};
	return 0;
}

/* Whether it was said which sensors. */
static bool of_sensors(const struct options *o)
{
	return o->list != list_default || o->sysfs != sysfs_default;
}

static int view_open(struct view *v, struct erg_err *err)
{
	unsigned others = 0;
	int r = v->o.sensors ? 0 : erg_top_pages_find((pid_t)v->o.pid, &v->pages, &others, err);

	if (r < 0)
		return r;
	if (r && of_sensors(&v->o))
		erg_warn(
			"a recording is shown: --source and --sysfs are of no use without --sensors");
	if (others)
		erg_say("the newest of %u recordings; --pid names another", others + 1);
	if (!r && !v->o.sensors)
		erg_say("you record nothing now: the sensors of this machine");
	return r ? 0 : sensors_open(v, err);
}

static void view_release(struct view *v)
{
	erg_screen_close(v->screen);
	erg_top_free(v->top);
	if (!v->sensors) /* else the page is theirs */
		erg_top_pages_release(&v->pages);
	erg_top_sensors_free(v->sensors);
	erg_source_list_release(&v->sources);
}

/* ---- showing ---- */

static void draw_line(void *data, bool head, const char *text)
{
	erg_screen_line(data, head, text);
}

static int print_frame(const struct view *v, const struct erg_top_frame *f)
{
	char line[2048];
	json_t *j;
	int r;

	if (!strcmp(v->o.format, "json")) {
		j = erg_top_text_json(f, &v->pages);
		r = j ? json_dumpf(j, stdout, JSON_COMPACT) : -1;
		json_decref(j);
		if (r < 0)
			return -ENOMEM;
		putchar('\n');
	} else {
		erg_top_text_line(f, line, sizeof(line));
		puts(line);
	}
	return fflush(stdout) ? -errno : 0;
}

static int show(struct view *v, const struct erg_top_frame *f)
{
	if (!v->screen)
		return print_frame(v, f);
	erg_screen_begin(v->screen);
	erg_top_text_screen(f, &v->pages, erg_screen_width(v->screen), erg_screen_height(v->screen),
		draw_line, v->screen);
	erg_screen_end(v->screen);
	return 0;
}

/* ---- the loop ---- */

static volatile sig_atomic_t ended_by;

static void signal_note(int sig)
{
	ended_by = sig;
}

/* Before a screen is opened, so that it is closed whatever ends us. */
static void signals_take(void)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const struct sigaction note = {.sa_handler = signal_note};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &note, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Until the next look; true when a key ends it. */
static bool pause_and_quit(struct view *v)
{
	struct pollfd p = {.fd = v->screen ? STDIN_FILENO : -1, .events = POLLIN};
	const struct timespec ts = {.tv_nsec = (long)erg_top_pause(v->top)};
	int key;

	if (ppoll(&p, 1, &ts, NULL) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR))
		return true;
	while ((key = erg_screen_key(v->screen)))
		if (key == 'q' || key == 'Q')
			return true;
	return false;
}

static bool is_over(const struct view *v)
{
	return ended_by || (v->pages.pid && erg_top_pages_ended(&v->pages));
}

static int view_run(struct view *v)
{
	const uint64_t interval = (uint64_t)(v->o.interval_s * 1e9);
	/* Who looks at a screen sees something at once. */
	uint64_t due = erg_mono_ns() + (v->screen ? FIRST_NS : interval), now;
	unsigned int left = v->o.count;
	bool quit = false;
	int r = 0;

	while (!r && !quit) {
		quit = pause_and_quit(v) || is_over(v);
		now = erg_mono_ns();
		erg_top_look(v->top, now);
		/* What was seen since the last line is shown, too, when nothing more comes. */
		if (now < due && !(quit && !v->screen))
			continue;
		r = show(v, erg_top_see(v->top, now));
		quit |= left && !--left;
		due = now + interval;
	}
	return r;
}

static int parse(int argc, char **argv, struct options *o)
{
	struct erg_err err = {0};
	int first, r = erg_options_parse(&command, argc, argv, o, &first);

	if (r)
		return r;
	if (erg_sources_check(o->list, &err) < 0)
		return erg_options_wrong(&command, "%s", err.msg);
	if (first < argc)
		return erg_options_wrong(&command, "'%s': expected options only", argv[first]);
	if (o->pid && o->sensors)
		return erg_options_wrong(&command, "--pid and --sensors exclude each other");
	if (o->pid && of_sensors(o))
		return erg_options_wrong(&command,
			"--source and --sysfs are of the machine's sensors: expected them without --pid");
	return 0;
}

static int view_start(struct view *v, struct erg_err *err)
{
	int r = view_open(v, err);

	if (r < 0)
		return r;
	signals_take();
	if (!strcmp(v->o.format, "text"))
		v->screen = erg_screen_open();
	if (v->o.interval_s <= 0)
		v->o.interval_s = v->screen ? .5 : 1;
	if (v->o.window_s < v->o.interval_s)
		v->o.window_s = v->o.interval_s;
	if (v->o.window_s / v->o.interval_s > STEPS_MAX)
		v->o.interval_s = v->o.window_s / STEPS_MAX;
	setpriority(PRIO_PROCESS, 0, NICE);
	return erg_top_new(&v->pages, v->o.window_s, v->o.interval_s, &v->top, err);
}

static int top_run(int argc, char **argv, struct erg_err *err)
{
	struct view v = {.o = {.list = list_default,
				 .sysfs = sysfs_default,
				 .format = "text",
				 .window_s = 5}};
	int r = parse(argc, argv, &v.o);

	if (r)
		return r == 1 ? 0 : r;
	r = view_start(&v, err);
	if (!r) {
		r = view_run(&v);
		if (r == -EPIPE)
			r = 0; /* who read has seen enough */
		else if (r < 0)
			erg_fail_errno(err, r, "standard output");
	}
	view_release(&v);
	return r;
}

const struct erg_verb erg_record_verb_top = {
	.name = "top",
	.about = "what a recording, or the machine's sensors, show at this moment",
	.run = top_run,
};
