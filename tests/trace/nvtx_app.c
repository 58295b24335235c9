/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program annotated with NVTX that does what its arguments say:
 *
 *	push:NAME  pop  wpush:NAME (wide)	start:NAME  end:NAME  tend:NAME (in another thread)
 *	dpush:DOMAIN=NAME  dpop:DOMAIN		rpush:DOMAIN=NAME (registered string)
 *	cpush:CATEGORY=NAME  category:ID=NAME	ppush:PAYLOAD=NAME
 *	mark:TEXT  thread:NAME  tpop (in another thread)
 *	payload:NAME=MACS (a range by a struct with a schema)  count:NAME=VALUE (a counter's sample)
 *	big:MIB (push and pop of a name that long)  bad (a name that is not UTF-8)  sleep:MS
 *	forks:N (children with a range each, while 4 threads start and end ranges)
 *	wait (prints "waiting", goes on at a line of standard input)
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "tests/trace/nvtx.h"
#include "tests/trace/steps.h"

static struct {
	char name[64];
	uint64_t id;
} started[64];
static unsigned n_started;

static int push(const char *name)
{
	return NVTX_CORE(NVTX_RANGE_PUSH_A, int (*)(const char *))(name);
}

static int pop(void)
{
	return NVTX_CORE(NVTX_RANGE_POP, int (*)(void))();
}

static void push_wide(const char *name)
{
	wchar_t w[256];
	size_t n = 0;

	while (name[n] && n < 254) {
		w[n] = (unsigned char)name[n];
		n++;
	}
	w[n++] = 0x20ac;
	w[n] = 0;
	NVTX_CORE(NVTX_RANGE_PUSH_W, int (*)(const wchar_t *))(w);
}

static void *domain(const char *name)
{
	return NVTX_CORE2(NVTX_DOMAIN_CREATE_A, void *(*)(const char *))(name);
}

static void push_ex(void *d, struct nvtx_attributes a)
{
	a.version = 3;
	a.size = sizeof(a);
	NVTX_CORE2(NVTX_DOMAIN_RANGE_PUSH_EX, int (*)(void *, const struct nvtx_attributes *))
	(d, &a);
}

static void push_registered(const char *d, const char *name)
{
	void *dom = domain(d);
	const void *s = NVTX_CORE2(NVTX_DOMAIN_REGISTER_STRING_A,
		const void *(*)(void *, const char *))(dom, name);

	push_ex(dom,
		(struct nvtx_attributes){.message_type = NVTX_MESSAGE_REGISTERED,
			.message.registered = s});
}

static void *end_of(void *name)
{
	for (unsigned i = 0; i < n_started; i++)
		if (!strcmp(started[i].name, name))
			NVTX_CORE(NVTX_RANGE_END, void (*)(uint64_t))(started[i].id);
	return NULL;
}

static void *pop_there(void *unused)
{
	printf("pop elsewhere: %d\n", pop());
	return unused;
}

static void elsewhere(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, fn, arg);
	pthread_join(t, NULL);
}

static void start(const char *name)
{
	snprintf(started[n_started].name, sizeof(started[0].name), "%s", name);
	started[n_started++].id = NVTX_CORE(NVTX_RANGE_START_A, uint64_t(*)(const char *))(name);
}

static void start_and_end(void)
{
	uint64_t id = NVTX_CORE(NVTX_RANGE_START_A, uint64_t(*)(const char *))("range");

	NVTX_CORE(NVTX_RANGE_END, void (*)(uint64_t))(id);
}

static atomic_bool stop;

static void *start_and_end_until_stop(void *unused)
{
	while (!stop)
		start_and_end();
	return unused;
}

static void run_forks(int n)
{
	pthread_t t[4];
	int status = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, start_and_end_until_stop, NULL);
	for (int i = 0; i < n && !status; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(10); /* for a child that hangs */
			start_and_end();
			_exit(0);
		}
		waitpid(pid, &status, 0);
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("forks: %s\n", status ? "a child hung" : "done");
}

static void big(long mib)
{
	char *name = malloc((size_t)(mib << 20) + 1);

	memset(name, 'x', (size_t)(mib << 20));
	name[mib << 20] = '\0';
	push(name);
	pop();
	free(name);
}

/* A range whose name and number are in a struct that a schema describes. */
static void push_payload(const char *name, const char *macs)
{
	struct {
		double unused;
		uint32_t tokens;
		const char *name;
		uint64_t macs;
	} work = {0, 7, name, strtoull(macs, NULL, 10)};
	static const struct nvtx_schema_entry entries[] = {
		{.type = 20, .name = "unused"},
		{.type = 16, .name = "tokens"},
		{.flags = NVTX_ENTRY_MESSAGE, .type = NVTX_ENTRY_CSTRING, .name = "name"},
		{.type = 18, .name = "macs"},
	};
	const struct nvtx_schema_attr attr = {.mask = NVTX_SCHEMA_ENTRIES | NVTX_SCHEMA_N_ENTRIES,
		.entries = entries,
		.n_entries = 4};
	struct nvtx_payload_data data = {0, sizeof(work), &work};
	intptr_t *slots = nvtx_extension(NVTX_MODULE_PAYLOAD);

	data.schema = ((uint64_t(*)(void *,
		const struct nvtx_schema_attr *))slots[NVTX_EXT_SCHEMA_REGISTER])(NULL, &attr);
	((int (*)(void *, const struct nvtx_payload_data *,
		size_t))slots[NVTX_EXT_RANGE_PUSH])(NULL, &data, 1);
}

static void count(const char *name, const char *value)
{
	static uint64_t id;
	const struct nvtx_counter_attr attr = {.struct_size = sizeof(attr),
		.schema = 17,
		.name = name};
	intptr_t *slots = nvtx_extension(NVTX_MODULE_COUNTERS);

	if (!id)
		id = ((uint64_t(*)(void *,
			const struct nvtx_counter_attr *))slots[NVTX_EXT_COUNTER_REGISTER])(NULL,
			&attr);
	((void (*)(void *, uint64_t, int64_t))slots[NVTX_EXT_COUNTER_INT64])(NULL, id,
		strtoll(value, NULL, 10));
}

static void wait_for_line(void)
{
	char line[16];

	puts("waiting");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(3);
}

static void push_kinds(const char *op, const char *key, const char *value)
{
	if (!strcmp(op, "payload"))
		push_payload(key, value);
	else if (!strcmp(op, "count"))
		count(key, value);
	else if (!strcmp(op, "dpush"))
		push_ex(domain(key),
			(struct nvtx_attributes){.message_type = NVTX_MESSAGE_ASCII,
				.message.ascii = value});
	else if (!strcmp(op, "rpush"))
		push_registered(key, value);
	else if (!strcmp(op, "cpush"))
		push_ex(NULL,
			(struct nvtx_attributes){.category = (uint32_t)atoi(key),
				.message_type = NVTX_MESSAGE_ASCII,
				.message.ascii = value});
	else if (!strcmp(op, "ppush"))
		push_ex(NULL,
			(struct nvtx_attributes){.payload_type = NVTX_PAYLOAD_U64,
				.payload.u64 = strtoull(key, NULL, 10),
				.message_type = NVTX_MESSAGE_ASCII,
				.message.ascii = value});
	else {
		fprintf(stderr, "nvtx-app: unknown step \"%s\"\n", op);
		exit(2);
	}
}

static void run_op(const char *op, char *key, const char *value)
{
	if (!strcmp(op, "push")) {
		if (*value) /* the name has a '=' in it */
			key[strlen(key)] = '=';
		printf("push: %d\n", push(key));
	} else if (!strcmp(op, "pop"))
		printf("pop: %d\n", pop());
	else if (!strcmp(op, "wpush"))
		push_wide(key);
	else if (!strcmp(op, "start"))
		start(key);
	else if (!strcmp(op, "end"))
		end_of(key);
	else if (!strcmp(op, "tend"))
		elsewhere(end_of, key);
	else if (!strcmp(op, "tpop"))
		elsewhere(pop_there, NULL);
	else if (!strcmp(op, "dpop"))
		NVTX_CORE2(NVTX_DOMAIN_RANGE_POP, int (*)(void *))(domain(key));
	else if (!strcmp(op, "category"))
		NVTX_CORE(NVTX_NAME_CATEGORY_A, void (*)(uint32_t, const char *))
	((uint32_t)atoi(key), value);
	else if (!strcmp(op, "mark")) NVTX_CORE(NVTX_MARK_A, void (*)(const char *))(key);
	else if (!strcmp(op, "thread"))
		NVTX_CORE(NVTX_NAME_OS_THREAD_A, void (*)(uint32_t, const char *))(7, key);
	else if (!strcmp(op, "big")) big(atol(key));
	else if (!strcmp(op, "bad")) push("\xff\xfe\x80"), pop();
	else if (!strcmp(op, "sleep")) usleep((useconds_t)atoi(key) * 1000);
	else if (!strcmp(op, "forks")) run_forks(atoi(key));
	else if (!strcmp(op, "wait")) wait_for_line();
	else push_kinds(op, key, value);
}

int main(int argc, char **argv)
{
	if (!nvtx_start()) {
		fputs("nvtx-app: NVTX_INJECTION64_PATH is not set\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		run_step(argv[i], run_op);
	return 0;
}
