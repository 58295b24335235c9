/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the sampler is measured against: the barest loop that does the same readings, with the same
 * priority and on the same CPU.
 *
 *	bench-nanosleep HZ SECONDS CPU FILE…   prints "cpu_ns reads_ns wall_ns missed late_p99_ns"
 *	bench-nanosleep now                    prints CLOCK_MONOTONIC in ns
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 64

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static long long read_all(const int *fds, int n)
{
	long long sum = 0;
	char buf[32];

	for (int i = 0; i < n; i++) {
		ssize_t len = pread(fds[i], buf, sizeof(buf) - 1, 0);

		buf[len > 0 ? len : 0] = '\0';
		sum += strtoll(buf, NULL, 10);
	}
	return sum;
}

static void loop(double hz, double seconds, const int *fds, int n)
{
	const uint64_t period = (uint64_t)(1e9 / hz), rounds = (uint64_t)(hz * seconds);
	uint64_t *late = calloc(rounds, sizeof(*late));
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t reads = 0, missed = 0, next = begin;
	volatile long long sink = 0;

	for (uint64_t k = 0; late && k < rounds; k++, next += period) {
		struct timespec ts = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};
		uint64_t before, after;

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		before = clock_ns(CLOCK_MONOTONIC);
		sink += read_all(fds, n);
		after = clock_ns(CLOCK_MONOTONIC);
		late[k] = before > next ? before - next : 0;
		reads += after - before;
		missed += after > next + 2 * period;
	}
	if (!late)
		return;
	(void)sink;
	qsort(late, rounds, sizeof(*late), compare);
	printf("%llu %llu %llu %llu %llu\n",
		(unsigned long long)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu),
		(unsigned long long)reads, (unsigned long long)(clock_ns(CLOCK_MONOTONIC) - begin),
		(unsigned long long)missed, (unsigned long long)late[rounds * 99 / 100]);
	free(late);
}

int main(int argc, char **argv)
{
	const struct sched_param rt = {.sched_priority = 1};
	int fds[FILES_MAX], n = 0;
	cpu_set_t set;

	if (argc == 2 && !strcmp(argv[1], "now")) {
		printf("%llu\n", (unsigned long long)clock_ns(CLOCK_MONOTONIC));
		return 0;
	}
	if (argc < 5 || argc > 4 + FILES_MAX)
		return 2;
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[3]), &set);
	sched_setaffinity(0, sizeof(set), &set);
	sched_setscheduler(0, SCHED_FIFO, &rt);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	for (int i = 4; i < argc; i++)
		fds[n++] = open(argv[i], O_RDONLY);
	loop(atof(argv[1]), atof(argv[2]), fds, n);
	return 0;
}
