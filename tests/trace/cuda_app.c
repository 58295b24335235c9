/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program with layers that launches kernels, on fake_cupti.c. The adapter is loaded as the CUDA
 * driver does it.
 *
 *	cuda-app		launches of every sort: see launches()
 *	cuda-app --halves N	N times 200 ms of work by the load of tests/standin/nvml.c
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cupti.h>

#include "tests/trace/fake_cupti.h"
#include "tracepoints/erg.h"

#define MS 1000000ull
#define PERIOD (200 * MS) /* of the load of tests/standin/nvml.c: half idle, half busy */

static uint32_t net;

static uint32_t layer(const char *name)
{
	struct erg_layer_info info = {.size = sizeof(info), .name = name, .type = "conv"};

	return erg_layer(net, &info);
}

static uint64_t launch(const char *name, uint32_t stream, uint64_t begin, uint64_t ns)
{
	return fake_launch(&(struct fake_work){name, 0, stream, begin, ns});
}

static void *in_thread(void *arg)
{
	uint32_t id = layer("threaded");

	erg_begin(id);
	launch("gemm", 9, 0, 700);
	erg_end(id);
	return fake_depth() ? arg : NULL;
}

/* What a child launches is nobody's business, and its end must not write its parent's work. */
static int in_child(void)
{
	uint32_t id = layer("child");

	erg_begin(id);
	launch("gemm", 10, 0, 900);
	erg_end(id);
	exit((int)fake_depth());
}

/*
 * conv1 launches two kernels that touch and one on another stream, an inner layer a copy, and a
 * profiler of the program's own has an id open as well; a graph has two kernels on a second device;
 * outer ends while late goes on, which launches then; a thread launches; one kernel is nobody's.
 */
static unsigned launches(void)
{
	uint32_t conv = layer("conv1"), inner = layer("inner"), graph = layer("graph");
	uint32_t outer = layer("outer"), late = layer("late");
	pthread_t thread;
	void *left;
	uint64_t end;

	erg_iteration(7);
	erg_begin(conv);
	cuptiActivityPushExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, 12345);
	end = launch("gemm", 7, 0, 1000);
	launch("relu", 7, end, 500);
	launch("side", 8, 0, 100);
	cuptiActivityPopExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, NULL);
	erg_begin(inner);
	launch(NULL, 7, end + 5000, 250);
	erg_end(inner);
	erg_end(conv);
	erg_begin(graph);
	fake_launch(&(struct fake_work){"node1", 1, 7, end, 40});
	fake_launch_more(&(struct fake_work){"node2", 1, 7, end + 40, 20});
	erg_end(graph);
	erg_begin(outer);
	erg_begin(late);
	erg_end_overlapping(outer, 0);
	launch("gemm", 7, end + 7000, 300);
	erg_end(late);
	launch("stray", 7, end + 9000, 10);
	pthread_create(&thread, NULL, in_thread, &end);
	pthread_join(thread, &left);
	if (!fork())
		in_child();
	wait(NULL);
	printf("%s\n", end ? "on" : "off");
	return fake_depth() + (left != NULL);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

/* Both clocks at once, to 20 us: the scheduler may come in between, but not always. */
static uint64_t real_and_mono(uint64_t *ret_real)
{
	uint64_t before, after;

	do {
		before = clock_ns(CLOCK_MONOTONIC);
		*ret_real = clock_ns(CLOCK_REALTIME);
		after = clock_ns(CLOCK_MONOTONIC);
	} while (after - before > MS / 50);
	return before + (after - before) / 2;
}

/*
 * In each period the device works for "quiet" in 60 ms of the idle half and for "loud" in all of
 * the busy half. The host launches all of that in advance, 2 ms in "loud" and 6 ms in "quiet" each
 * time, so that the load of the machine changes nothing.
 */
static void halves(int n)
{
	uint32_t loud = layer("loud"), quiet = layer("quiet");
	uint64_t real, mono = real_and_mono(&real);
	uint64_t begin = mono + PERIOD - real % PERIOD, end = begin + (uint64_t)n * PERIOD;

	for (int i = 0; i < n; i++, begin += PERIOD) {
		erg_iteration((uint32_t)i);
		erg_begin(loud);
		launch("loud", 7, begin + 100 * MS, 100 * MS);
		usleep(2000);
		erg_end(loud);
		erg_begin(quiet);
		launch("quiet", 7, begin + 10 * MS, 60 * MS);
		usleep(6000);
		erg_end(quiet);
	}
	while ((mono = clock_ns(CLOCK_MONOTONIC)) < end)
		usleep((useconds_t)((end - mono) / 1000 + 1));
}

int main(int argc, char **argv)
{
	const char *path = getenv("CUDA_INJECTION64_PATH");
	void *lib = path ? dlopen(path, RTLD_NOW) : NULL;
	int (*init)(void);

	*(void **)&init = lib ? dlsym(lib, "InitializeInjection") : NULL;
	if (!init || init() != 1) {
		fprintf(stderr, "cuda-app: %s\n", lib ? "InitializeInjection" : dlerror());
		return 1;
	}
	net = erg_network("net");
	if (argc == 3 && !strcmp(argv[1], "--halves"))
		return halves(atoi(argv[2])), 0;
	return launches() != 0;
}
