/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program that does with liberg what its arguments say, one after the other, so that a
 * command-line test can be read as a story:
 *
 *	network:NAME  module:NAME  layer:NAME	define (below the last network or module)
 *	begin:NAME  end:NAME			of a layer that was defined
 *	iteration:N  marker:TEXT  phase:NAME  /phase:NAME  name:THREAD
 *	counter:NAME=N				adds N to a counter of the application
 *	track:NAME  span:NAME=BEGIN-END		on the last track
 *	threads:N=NAME				N threads, 10 pairs of layer NAME each
 *	busy:NAME  idle				4 threads, pairs of layer NAME from here to there, not
 *						more than LTTng's buffers hold for a second
 *	many:N					defines N layers: many1, many2, …
 *	fork					the rest is done by a child, which is waited for
 *	both					the rest is done by a child as well
 *	exec					the rest is done by the program anew
 *	forks:N=NAME				N children, 10 pairs of layer NAME each, while 4
 *						threads go on with pairs of it
 *	close			every descriptor above 2, as daemons do
 *	wait			prints "waiting", goes on at a line of standard input
 *	sleep:MS
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracepoints/erg.h"
#include "tests/trace/steps.h"

static struct {
	char name[64];
	uint32_t id;
} known[256];
static unsigned n_known;
static uint32_t network, parent, track;
static pid_t twin; /* does the same as we do; 0: there is none */

static uint32_t remember(const char *name, uint32_t id)
{
	if (n_known < sizeof(known) / sizeof(known[0])) {
		snprintf(known[n_known].name, sizeof(known[0].name), "%s", name);
		known[n_known++].id = id;
	}
	return id;
}

static uint32_t id_of(const char *name)
{
	for (unsigned i = n_known; i > 0; i--)
		if (!strcmp(known[i - 1].name, name))
			return known[i - 1].id;
	fprintf(stderr, "trace-app: layer \"%s\" is not defined\n", name);
	exit(2);
}

static uint32_t define_layer(const char *name)
{
	struct erg_layer_info i = {.size = sizeof(i),
		.name = name,
		.type = "conv",
		.macs = 42,
		.params = 7,
		.in_dims = 3,
		.in_shape = {3, 227, 227}};

	return erg_layer(parent, &i);
}

static void *pairs(void *arg)
{
	uint32_t id = *(uint32_t *)arg;

	for (uint32_t i = 0; i < 10; i++) {
		erg_iteration(i);
		erg_begin(id);
		erg_end(id);
	}
	return NULL;
}

static void run_threads(int n, const char *name)
{
	pthread_t t[64];
	uint32_t id = id_of(name);

	for (int i = 0; i < n && i < 64; i++)
		pthread_create(&t[i], NULL, pairs, &id);
	for (int i = 0; i < n && i < 64; i++)
		pthread_join(t[i], NULL);
}

static struct {
	pthread_t threads[4];
	uint32_t id;
	useconds_t pause_us; /* between pairs */
	atomic_bool stop;
} busy;

static void *pairs_until_stop(void *unused)
{
	while (!busy.stop) {
		erg_begin(busy.id);
		erg_begin(network);
		erg_end(network);
		erg_end(busy.id);
		usleep(busy.pause_us);
	}
	return unused;
}

static void busy_start(const char *name, useconds_t pause_us)
{
	busy.id = id_of(name);
	busy.pause_us = pause_us;
	busy.stop = false;
	for (int i = 0; i < 4; i++)
		pthread_create(&busy.threads[i], NULL, pairs_until_stop, NULL);
}

static void busy_stop(void)
{
	busy.stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(busy.threads[i], NULL);
}

static void close_all(void)
{
	for (int fd = (int)sysconf(_SC_OPEN_MAX) - 1; fd > 2; fd--)
		close(fd);
}

static void define_many(int n)
{
	char name[32];

	for (int i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "many%d", i);
		define_layer(name);
	}
}

static void wait_for_line(void)
{
	char line[16];

	puts("waiting");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(3);
}

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		exit(1);
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		return;
	wait_for(pid);
	exit(0);
}

static void run_forks(int n, const char *name)
{
	uint32_t id = id_of(name);

	busy_start(name, 100);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pairs(&id);
			exit(0);
		}
		wait_for(pid);
	}
	busy_stop();
}

static void define(const char *what, const char *name)
{
	if (!strcmp(what, "network"))
		parent = network = remember(name, erg_network(name));
	else if (!strcmp(what, "module"))
		parent = remember(name, erg_module(network, name, "fire"));
	else
		remember(name, define_layer(name));
}

static void do_span(const char *name, const char *times)
{
	char *end;
	uint64_t begin = strtoull(times, &end, 10);

	erg_span(id_of(name), 0, begin, strtoull(end + 1, NULL, 10), track);
}

/* OP and NAME and VALUE of OP:NAME=VALUE. */
static void run_op(const char *op, char *name, const char *value)
{
	if (!strcmp(op, "network") || !strcmp(op, "module") || !strcmp(op, "layer"))
		define(op, name);
	else if (!strcmp(op, "begin"))
		erg_begin(id_of(name));
	else if (!strcmp(op, "end"))
		erg_end(id_of(name));
	else if (!strcmp(op, "iteration"))
		erg_iteration((uint32_t)atoi(name));
	else if (!strcmp(op, "marker"))
		erg_marker(name, 0xff8800);
	else if (!strcmp(op, "name"))
		erg_thread_name(name);
	else if (!strcmp(op, "phase"))
		erg_phase_begin(name);
	else if (!strcmp(op, "/phase"))
		erg_phase_end(name);
	else if (!strcmp(op, "counter"))
		erg_counter_add(erg_counter(name), atoll(value));
	else if (!strcmp(op, "track"))
		track = erg_track(name, true);
	else if (!strcmp(op, "span"))
		do_span(name, value);
	else if (!strcmp(op, "threads"))
		run_threads(atoi(name), value);
	else if (!strcmp(op, "busy"))
		busy_start(name, 1000);
	else if (!strcmp(op, "idle"))
		busy_stop();
	else if (!strcmp(op, "many"))
		define_many(atoi(name));
	else if (!strcmp(op, "fork"))
		do_fork();
	else if (!strcmp(op, "both"))
		twin = fork();
	else if (!strcmp(op, "forks"))
		run_forks(atoi(name), value);
	else if (!strcmp(op, "close"))
		close_all();
	else if (!strcmp(op, "wait"))
		wait_for_line();
	else if (!strcmp(op, "sleep"))
		usleep((useconds_t)atoi(name) * 1000);
	else {
		fprintf(stderr, "trace-app: unknown step \"%s\"\n", op);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "exec")) {
			argv[i] = argv[0];
			execv("/proc/self/exe", argv + i);
			return 1;
		}
		run_step(argv[i], run_op);
	}
	if (twin)
		wait_for(twin);
	return 0;
}
