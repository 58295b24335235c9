/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program annotated with ITT that does what its arguments say:
 *
 *	task:DOMAIN=NAME  end:DOMAIN		over:N=NAME  endover:N  tendover:N (another thread)
 *	frame  marker:TEXT  meta:KEY=TEXT  number:KEY=N  thread:NAME  null  list
 *	taskid:N=NAME (in domain d)  of:N (what the next number is about)
 *	TYPE:KEY=V[,V…] (a number of type u64 … double)  scope:N=V  scopetext:N=V (key k)
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "tests/trace/itt.h"
#include "tests/trace/steps.h"

static struct itt_domain domains[8];

static const struct itt_domain *domain(const char *name)
{
	int i = 0;

	while (i < 7 && domains[i].name && strcmp(domains[i].name, name))
		i++;
	domains[i].name = name;
	domains[i].flags = 1;
	return &domains[i];
}

static struct itt_id id_of(const char *n)
{
	return (struct itt_id){strtoull(n, NULL, 10), 0, 0};
}

static void *end_overlapped(void *n)
{
	ITT_CALL(ITT_OVERLAPPED_END, itt_task_end_id)(domain("d"), id_of(n));
	return NULL;
}

static void begin(int call, const char *d, struct itt_id id, const char *name)
{
	static struct itt_string handles[64]; /* they stay, as ITT's own do */
	static size_t n;
	struct itt_string *s = &handles[n++ % 64];

	s->text = name;
	ITT_CALL(call, itt_task_begin)(domain(d), id, (struct itt_id){0, 0, 0}, s);
}

typedef void frame_fn(const struct itt_domain *, struct itt_id *);
typedef void marker_fn(const struct itt_domain *, struct itt_id, const struct itt_string *, int);
typedef void text_fn(const struct itt_domain *, struct itt_id, const struct itt_string *,
	const char *, size_t);
typedef void number_fn(const struct itt_domain *, struct itt_id, const struct itt_string *, int,
	size_t, const void *);
typedef void name_fn(const char *);

static void metadata(const char *op, const char *key, const char *value)
{
	text_fn *text = ITT_CALL(ITT_METADATA_STR, text_fn);
	number_fn *number = ITT_CALL(ITT_METADATA, number_fn);
	unsigned long long n = strtoull(value, NULL, 10);
	struct itt_string s = {.text = key};

	if (!strcmp(op, "meta"))
		text(domain("d"), id_of("0"), &s, value, strlen(value));
	else
		number(domain("d"), id_of("0"), &s, ITT_METADATA_U64, 1, &n);
}

static const char *about = "0";

/* Numbers of a type, as ITT lays them out. */
static size_t fill(enum itt_metadata_type type, const char *value, void *to)
{
	size_t n = 0;

	for (char *end; *value; value = *end ? end + 1 : end, n++) {
		unsigned long long u = strtoull(value, NULL, 10);
		double v = strtod(value, &end);

		switch (type) {
		case ITT_METADATA_U64:
		case ITT_METADATA_S64:
			((unsigned long long *)to)[n] = u;
			break;
		case ITT_METADATA_U32:
		case ITT_METADATA_S32:
			((uint32_t *)to)[n] = (uint32_t)u;
			break;
		case ITT_METADATA_U16:
		case ITT_METADATA_S16:
			((uint16_t *)to)[n] = (uint16_t)u;
			break;
		case ITT_METADATA_FLOAT:
			((float *)to)[n] = (float)v;
			break;
		case ITT_METADATA_DOUBLE:
			((double *)to)[n] = v;
			break;
		}
	}
	return n;
}

static bool typed(const char *op, const char *key, const char *value)
{
	static const char *const types[] = {"", "u64", "s64", "u32", "s32", "u16", "s16", "float",
		"double"};
	struct itt_string s = {.text = key};
	double room[32];

	for (size_t i = 1; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n;

		if (strcmp(op, types[i]) != 0)
			continue;
		n = fill((enum itt_metadata_type)i, value, room);
		ITT_CALL(ITT_METADATA, number_fn)(domain("d"), id_of(about), &s, (int)i, n, room);
		about = "0";
		return true;
	}
	return false;
}

typedef void scope_text_fn(const struct itt_domain *, int, const struct itt_string *, const char *,
	size_t);
typedef void scope_number_fn(const struct itt_domain *, int, const struct itt_string *, int, size_t,
	const void *);

static void scoped(const char *op, const char *scope, const char *value)
{
	struct itt_string k = {.text = "k"};
	unsigned long long n = strtoull(value, NULL, 10);

	if (!strcmp(op, "scope")) {
		ITT_CALL(ITT_METADATA_SCOPE, scope_number_fn)
		(domain("d"), atoi(scope), &k, ITT_METADATA_U64, 1, &n);
		return;
	}
	ITT_CALL(ITT_METADATA_STR_SCOPE, scope_text_fn)
	(domain("d"), atoi(scope), &k, value, strlen(value));
}

static void nulls(void)
{
	ITT_CALL(ITT_TASK_BEGIN, itt_task_begin)(NULL, id_of("0"), id_of("0"), NULL);
	ITT_CALL(ITT_TASK_END, itt_task_end)(NULL);
	ITT_CALL(ITT_THREAD_NAME, name_fn)(NULL);
	ITT_CALL(ITT_TASK_BEGIN, itt_task_begin)(domain("d"), id_of("0"), id_of("0"), NULL);
	ITT_CALL(ITT_TASK_END, itt_task_end)(domain("d"));
}

static void list(void)
{
	printf("%s %s\n", itt_fn[ITT_DOMAIN_CREATE] == &itt_builtin ? "builtin" : "replaced",
		itt_fn[ITT_UNKNOWN] ? "unknown left" : "unknown off");
}

static void other(const char *op, const char *key, const char *value)
{
	struct itt_string s = {.text = key};

	if (!strcmp(op, "frame"))
		ITT_CALL(ITT_FRAME_BEGIN, frame_fn)(domain("d"), NULL);
	else if (!strcmp(op, "marker"))
		ITT_CALL(ITT_MARKER, marker_fn)(domain("d"), id_of("0"), &s, 0);
	else if (!strcmp(op, "meta") || !strcmp(op, "number"))
		metadata(op, key, value);
	else if (!strcmp(op, "thread"))
		ITT_CALL(ITT_THREAD_NAME, name_fn)(key);
	else if (!strcmp(op, "null"))
		nulls();
	else if (!strcmp(op, "list"))
		list();
	else if (!strncmp(op, "scope", 5))
		scoped(op, key, value);
	else if (!typed(op, key, value))
		exit(2);
}

static void run_op(const char *op, char *key, const char *value)
{
	pthread_t t;

	if (!strcmp(op, "task"))
		begin(ITT_TASK_BEGIN, key, id_of("0"), value);
	else if (!strcmp(op, "taskid"))
		begin(ITT_TASK_BEGIN, "d", id_of(key), value);
	else if (!strcmp(op, "of"))
		about = key;
	else if (!strcmp(op, "end"))
		ITT_CALL(ITT_TASK_END, itt_task_end)(domain(key));
	else if (!strcmp(op, "over"))
		begin(ITT_OVERLAPPED_BEGIN, "d", id_of(key), value);
	else if (!strcmp(op, "endover"))
		end_overlapped(key);
	else if (!strcmp(op, "tendover")) {
		pthread_create(&t, NULL, end_overlapped, key);
		pthread_join(t, NULL);
	} else
		other(op, key, value);
}

int main(int argc, char **argv)
{
	if (!itt_start()) {
		fputs("itt-app: INTEL_LIBITTNOTIFY64 is not set\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		run_step(argv[i], run_op);
	return 0;
}
