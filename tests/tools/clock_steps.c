/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library to preload: CLOCK_REALTIME is ERG_STEP_S seconds (3600 by default, may be negative) further from
 * ERG_STEP_AFTER_S seconds (1) after the first that was asked on, as when somebody sets the clock.
 * CLOCK_MONOTONIC goes on as it does then, too. Programs of this library's users see it, and their children.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double seconds(const char *name, double otherwise)
{
	const char *text = getenv(name);

	return text ? atof(text) : otherwise;
}

/* What is to be added now. */
static long step(void)
{
	static double begin;
	struct timespec now;
	double t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	t = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
	if (begin == 0)
		begin = t;
	return t - begin < seconds("ERG_STEP_AFTER_S", 1) ? 0 : (long)seconds("ERG_STEP_S", 3600);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ts);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += step();
	return r;
}

time_t time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *tv, void *zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return 0;
}
