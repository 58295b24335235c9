/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program annotated for Streamline that does what its arguments say:
 *
 *	marker:TEXT  tmarker:TEXT (from another thread)		chan:N=TEXT  end:N
 *	name:N=TEXT  group:N=TEXT (also puts channel N into it)
 *	delta:N  absolute:N  value:N=V				job:NAME  big  null
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "streamline_annotate.h"
#include "tests/trace/steps.h"

static void *marker(void *text)
{
	ANNOTATE_MARKER_STR(text);
	return NULL;
}

static void elsewhere(char *text)
{
	pthread_t t;

	pthread_create(&t, NULL, marker, text);
	pthread_join(t, NULL);
}

static void big(void)
{
	char *name = malloc((1u << 20) + 1);

	memset(name, 'n', 1u << 20);
	name[1u << 20] = '\0';
	ANNOTATE_CHANNEL(9, name);
	ANNOTATE_CHANNEL_END(9);
	memcpy(name + (1u << 19), "___t", 4);
	ANNOTATE_MARKER_STR("start");
	ANNOTATE_MARKER_STR(name);
	ANNOTATE_MARKER_STR("end");
	free(name);
}

static void nulls(void)
{
	ANNOTATE_MARKER();
	ANNOTATE_END();
	ANNOTATE("");
	ANNOTATE_NAME_GROUP(0, NULL);
	ANNOTATE_NAME_CHANNEL(0, 0, NULL);
	ANNOTATE_COUNTER_VALUE(77, 1);
	CAM_JOB_STOP(1, 1, 1);
	ANNOTATE_VISUAL(NULL, 0, NULL);
}

static void job(const char *name)
{
	uint64_t t = gator_get_time();

	CAM_VIEW_NAME(1, "view");
	CAM_TRACK(1, 2, (uint32_t)-1, "track");
	CAM_JOB(1, 1, name, 2, t, 1000, ANNOTATE_RED);
	CAM_JOB_START(1, 2, name, 2, t, ANNOTATE_RED);
	CAM_JOB_STOP(1, 2, t + 2000);
}

static void run_op(const char *op, char *key, const char *value)
{
	uint32_t n = (uint32_t)atoi(key);

	if (!strcmp(op, "marker"))
		marker(key);
	else if (!strcmp(op, "tmarker"))
		elsewhere(key);
	else if (!strcmp(op, "chan"))
		ANNOTATE_CHANNEL_COLOR(n, ANNOTATE_CYAN, value);
	else if (!strcmp(op, "end"))
		ANNOTATE_CHANNEL_END(n);
	else if (!strcmp(op, "name"))
		ANNOTATE_NAME_CHANNEL(n, 0, value);
	else if (!strcmp(op, "group")) {
		ANNOTATE_NAME_GROUP(n, value);
		ANNOTATE_NAME_CHANNEL(n, n, "grouped");
	} else if (!strcmp(op, "delta"))
		ANNOTATE_DELTA_COUNTER(n, "delta", key);
	else if (!strcmp(op, "absolute"))
		ANNOTATE_ABSOLUTE_COUNTER(n, "absolute", key);
	else if (!strcmp(op, "value"))
		ANNOTATE_COUNTER_VALUE(n, atoll(value));
	else if (!strcmp(op, "job"))
		job(key);
	else if (!strcmp(op, "big"))
		big();
	else
		nulls();
}

int main(int argc, char **argv)
{
	ANNOTATE_SETUP;
	for (int i = 1; i < argc; i++)
		run_step(argv[i], run_op);
	return 0;
}
