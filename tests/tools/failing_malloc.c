/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library to preload: the allocation number ERG_FAIL_AT of the program and of libjansson fails, as
 * on a machine without memory, and ERG_FAIL_FOR - 1 after it (1 by default); where ERG_FAIL_IN is set, only
 * of programs whose names begin so. Without ERG_FAIL_AT their
 * number is written to the file ERG_FAIL_COUNT at the end, and to ERG_FAIL_PATHS the numbers of the first
 * and of the last that came the same way (by the calls that led there), each with the two nearest places in
 * the program, for addr2line(1). What other libraries allocate is left alone: glib ends a program then. A child
 * goes on counting from its parent's number.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static struct {
	uintptr_t begin, end;
} ours[2];             /* the program, libjansson */
static uintptr_t base; /* of the program */
static atomic_ulong calls;
static unsigned long fail_at, fail_for = 1;
static pid_t first;

enum {
	DEPTH = 40,  /* of the calls that are told apart */
	NEAREST = 2, /* of the program's */
	WAYS = 65536 /* a power of two */
};
static struct way {
	uint64_t hash;
	unsigned long first, last;
	uintptr_t at[NEAREST];
} * ways; /* shared with children */

static int find(struct dl_phdr_info *info, size_t size, void *data)
{
	int which = !info->dlpi_name[0] ? 0 : strstr(info->dlpi_name, "libjansson") ? 1 : -1;

	if (which < 0)
		return 0;
	if (which == 0)
		base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			ours[which].begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			ours[which].end = ours[which].begin + info->dlpi_phdr[i].p_memsz;
		}
	return 0;
}

static __attribute__((constructor)) void start(void)
{
	const char *at = getenv("ERG_FAIL_AT"), *times = getenv("ERG_FAIL_FOR"),
		   *in = getenv("ERG_FAIL_IN");

	fail_at = at && (!in || !strncmp(program_invocation_short_name, in, strlen(in)))
		? strtoul(at, NULL, 10)
		: 0;
	fail_for = times ? strtoul(times, NULL, 10) : 1;
	first = getpid();
	dl_iterate_phdr(find, NULL);
	if (!fail_at && getenv("ERG_FAIL_PATHS"))
		ways = mmap(NULL, WAYS * sizeof(*ways), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ways == MAP_FAILED)
		abort();
}

/* FNV-1a of the return addresses, and the nearest of the program, each within its call. */
static struct way way_here(void)
{
	void *from[DEPTH];
	int n = backtrace(from, DEPTH), near = 0;
	struct way w = {.hash = 14695981039346656037u};

	for (int i = 0; i < n; i++) {
		const uintptr_t pc = (uintptr_t)from[i];

		w.hash = (w.hash ^ pc) * 1099511628211u;
		if (near < NEAREST && pc >= ours[0].begin && pc < ours[0].end)
			w.at[near++] = pc - base - 1;
	}
	return w;
}

static void note_way(unsigned long n)
{
	struct way here = way_here();

	for (size_t i = here.hash % WAYS, tried = 0; tried < WAYS; i = (i + 1) % WAYS, tried++) {
		struct way *w = &ways[i];

		if (w->first && w->hash != here.hash)
			continue;
		here.first = w->first ? w->first : n;
		here.last = n;
		*w = here;
		break;
	}
}

static void write_ways(const char *path)
{
	FILE *f = fopen(path, "w");

	for (size_t i = 0; f && i < WAYS; i++)
		for (int last = 0; ways[i].first && last <= (ways[i].last != ways[i].first);
			last++) {
			fprintf(f, "%lu", last ? ways[i].last : ways[i].first);
			for (int k = 0; k < NEAREST; k++)
				fprintf(f, " 0x%zx", (size_t)ways[i].at[k]);
			fputc('\n', f);
		}
	if (f)
		fclose(f);
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("ERG_FAIL_COUNT");
	FILE *f = path && getpid() == first ? fopen(path, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "%lu\n", atomic_load(&calls));
	fclose(f);
	if (ways)
		write_ways(getenv("ERG_FAIL_PATHS"));
}

static int fails(const void *caller)
{
	uintptr_t pc = (uintptr_t)caller;
	unsigned long n;

	for (int i = 0; i < 2; i++)
		if (pc >= ours[i].begin && pc < ours[i].end) {
			n = atomic_fetch_add(&calls, 1) + 1;
			if (ways)
				note_way(n);
			if (!fail_at || n < fail_at || n - fail_at >= fail_for)
				return 0;
			errno = ENOMEM;
			return 1;
		}
	return 0;
}

#define FAILS fails(__builtin_return_address(0))

/* What nobody has set is no zero. */
void *malloc(size_t size)
{
	void *p = FAILS ? NULL : __libc_malloc(size);

	return p ? memset(p, 0xa5, size) : NULL;
}

void *calloc(size_t n, size_t size)
{
	return FAILS ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return FAILS ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (FAILS || __builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return __libc_realloc(p, bytes);
}

char *strdup(const char *s)
{
	char *p = FAILS ? NULL : __libc_malloc(strlen(s) + 1);

	return p ? strcpy(p, s) : NULL;
}

char *strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = FAILS ? NULL : __libc_malloc(len + 1);

	if (!p)
		return NULL;
	p[len] = '\0';
	return memcpy(p, s, len);
}

int asprintf(char **ret, const char *fmt, ...)
{
	va_list ap;
	int r;

	if (FAILS)
		return -1;
	va_start(ap, fmt);
	r = vasprintf(ret, fmt, ap);
	va_end(ap);
	return r;
}

/* What -D_FORTIFY_SOURCE makes of it. */
int __asprintf_chk(char **ret, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int __asprintf_chk(char **ret, int flag, const char *fmt, ...)
{
	va_list ap;
	int r;

	(void)flag;
	if (FAILS)
		return -1;
	va_start(ap, fmt);
	r = vasprintf(ret, fmt, ap);
	va_end(ap);
	return r;
}
