/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program on ONNX Runtime's C interface, for the tests of its adapter: ort_app MODEL RUNS [HOW]
 * makes a session of MODEL, whose input is image 1x3xWIDTHxWIDTH (WIDTH of the environment, 128) and
 * output classes 1x10, runs it and prints the classes. The library is one that is preloaded or, where
 * ORT_LIB is its path, opened by dlopen(3). HOW is one of
 *
 *	release		releases the session at the end (else it is left to exit)
 *	own		profiles the session itself; prints what the file is called
 *	own-release	the same, and leaves the end of the profile to the release
 *	array		makes the session from memory, without options
 *	twice		two sessions, one after the other, of the same options
 *	threads		runs it in four threads at once
 *	parallel	with ONNX Runtime's own parallel executor
 *	end		ends the profile that it never began; prints what that gives
 *	running		exits while a thread still runs the session
 *	killed		is killed when it has run it
 *	leave		leaves by _exit
 *	handler		the same in the handler of a signal that comes while it allocates memory
 *	quick		leaves by quick_exit
 *	fork		forks, and both exit
 *	child, child-leave, child-release	forks, and the child runs it as often again and prints that too,
 *			then exits, leaves by _exit, or releases the session; the parent
 *			runs it once more when the child has ended
 *	own-child	own-release and child
 *	windows		makes a second session when it gets a line on standard input, runs the two in
 *			turn for RUNS windows of 0.1 s, and prints by what part the second
 *			is slower than the first was just before and after, and the same for the first
 *
 * The numbers of the functions are those of struct OrtApi in onnxruntime_c_api.h.
 */
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLASSES 10
#define VERSION 8

typedef void *any_fn(void *, ...);

struct base {
	any_fn **(*get_api)(uint32_t version);
	const char *(*get_version)(void);
};

struct allocator {
	uint32_t version;
	void *(*alloc)(struct allocator *a, size_t size);
	void (*free)(struct allocator *a, void *p);
};

struct base *OrtGetApiBase(void) __attribute__((weak));

static any_fn **api;
static void *env, *memory;

static void check(void *status, const char *what)
{
	if (!status)
		return;
	fprintf(stderr, "%s: %s\n", what, (const char *)api[2](status));
	exit(1);
}

static void *options_new(const char *how)
{
	void *options = NULL;

	check(api[10](&options), "options");
	check(((void *(*)(void *, int))(void (*)(void))api[24])(options, 1), "threads");
	if (!strcmp(how, "parallel")) {
		check(((void *(*)(void *, int))(void (*)(void))api[13])(options, 1), "mode");
		check(((void *(*)(void *, int))(void (*)(void))api[25])(options, 2), "threads");
	}
	if (!strncmp(how, "own", 3))
		check(api[14](options, "own"), "profiling");
	return options;
}

static void *session_new(const char *model, const char *how, void *options)
{
	void *session = NULL;

	if (!strcmp(how, "array")) {
		static char bytes[1 << 22];
		FILE *f = fopen(model, "re");
		size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;

		check(api[8](env, bytes, n, NULL, &session), "session");
		if (f)
			fclose(f);
		return session;
	}
	check(api[7](env, model, options, &session), "session");
	return session;
}

static void run(void *session, long runs, float classes[CLASSES])
{
	static const char *const in_name = "image", *const out_name = "classes";
	const int64_t width = getenv("WIDTH") ? atoi(getenv("WIDTH")) : 128;
	const int64_t shape[] = {1, 3, width, width}, pixels = 3 * width * width;
	float *image = malloc((size_t)pixels * sizeof(*image)), *result;
	void *in = NULL, *out;

	for (int i = 0; image && i < pixels; i++)
		image[i] = sinf((float)i);
	check(api[49](memory, image, (size_t)pixels * sizeof(*image), shape, (size_t)4, 1, &in),
		"tensor");
	for (long i = 0; i < runs; i++) {
		out = NULL;
		check(api[9](session, NULL, &in_name, &in, (size_t)1, &out_name, (size_t)1, &out),
			"run");
		check(api[51](out, &result), "output");
		memcpy(classes, result, CLASSES * sizeof(*classes));
		api[96](out);
	}
	api[96](in);
	free(image);
}

static void print(const float classes[CLASSES])
{
	for (int i = 0; i < CLASSES; i++)
		printf("%.9g%c", (double)classes[i], i + 1 < CLASSES ? ' ' : '\n');
	fflush(stdout);
}

struct job {
	void *session;
	long runs;
	float classes[CLASSES];
};

static void *worker(void *data)
{
	struct job *j = data;

	run(j->session, j->runs, j->classes);
	return NULL;
}

static void run_threads(void *session, long runs, int n, bool wait)
{
	struct job *jobs = calloc((size_t)n, sizeof(*jobs));
	pthread_t threads[8];

	for (int i = 0; i < n; i++) {
		jobs[i] = (struct job){session, runs, {0}};
		pthread_create(&threads[i], NULL, worker, &jobs[i]);
	}
	for (int i = 0; i < n && wait; i++) {
		pthread_join(threads[i], NULL);
		print(jobs[i].classes);
	}
}

static void end_profile(void *session)
{
	struct allocator *allocator = NULL;
	char *path = NULL;

	check(api[78](&allocator), "allocator");
	check(api[110](session, allocator, &path), "end of the profile");
	printf("profile: '%s'\n", path);
	allocator->free(allocator, path);
}

static void on_alarm(int number)
{
	(void)number;
	_exit(5);
}

/* Until the signal comes, which finds the lock of the memory held as likely as not. */
static void churn(void)
{
	signal(SIGALRM, on_alarm);
	ualarm(200000, 0);
	for (;;)
		free(malloc(1 << 20));
}

static void child(void *session, long runs, const char *how)
{
	float classes[CLASSES] = {0};
	pid_t pid = fork();

	if (pid > 0)
		waitpid(pid, NULL, 0);
	run(session, pid ? 1 : runs, classes);
	print(classes);
	if (!pid && !strcmp(how, "child-leave"))
		_exit(0);
	if (!pid && !strcmp(how, "child-release"))
		api[95](session);
	if (!pid)
		exit(0);
}

static void leave(void *session, const char *how)
{
	if (!strcmp(how, "leave"))
		_exit(5);
	if (!strcmp(how, "handler"))
		churn();
	if (!strcmp(how, "quick"))
		quick_exit(5);
	if (!strcmp(how, "own") || !strcmp(how, "end"))
		end_profile(session);
	if (!strcmp(how, "killed"))
		raise(SIGKILL);
	if (!strcmp(how, "fork") && fork() > 0)
		wait(NULL);
	if (!strcmp(how, "release") || !strncmp(how, "own", 3) || !strcmp(how, "twice"))
		api[95](session);
}

/* CPU time of the process, so that other programs disturb less. */
static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Mean time of a run in a window, s. */
static double window(void *session)
{
	const double from = cpu_s();
	float classes[CLASSES];
	double to = from;
	long n = 0;

	for (; to < from + 0.1; n++) {
		run(session, 1, classes);
		to = cpu_s();
	}
	return (to - from) / (double)n;
}

static void windows(void *first, const char *model, void *options, long n)
{
	double alone = window(first), before = window(first), other, after;
	void *second;

	printf("waiting\n");
	fflush(stdout);
	(void)getchar();
	second = session_new(model, "", options);
	for (int i = 0; i < 3; i++)
		alone = window(second);
	alone = window(first);
	for (long i = 0; i < n; i++) {
		before = window(first);
		other = window(second);
		after = window(first);
		printf("control %.6f\nprofiled %.6f\n", 2 * before / (alone + after) - 1,
			2 * other / (before + after) - 1);
		alone = after;
	}
	printf("run %.6f\n", alone);
	api[95](second);
}

/* ONNX Runtime as programs get it that do not link it. */
static struct base *base_open(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct base *(*get)(void) = NULL;

	if (lib)
		*(void **)&get = dlsym(lib, "OrtGetApiBase");
	return get ? get() : NULL;
}

static struct base *base_get(void)
{
	if (getenv("ORT_LIB"))
		return base_open(getenv("ORT_LIB"));
	return OrtGetApiBase ? OrtGetApiBase() : NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[3] : "";
	struct base *base = base_get();
	float classes[CLASSES] = {0};
	void *options, *session = NULL;
	long runs;

	if (argc < 3 || !base || !(api = base->get_api(VERSION))) {
		fprintf(stderr, "usage: ort_app MODEL RUNS [HOW], with ONNX Runtime preloaded\n");
		return 2;
	}
	runs = strtol(argv[2], NULL, 10);
	check(((void *(*)(int, const char *, void **))(void (*)(void))api[3])(3, "test", &env),
		"environment");
	check(((void *(*)(int, int, void **))(void (*)(void))api[69])(1, 0, &memory), "memory");
	options = options_new(how);
	if (!strcmp(how, "windows")) {
		windows(session_new(argv[1], how, options), argv[1], options, runs);
		return 0;
	}
	for (int i = 0; i < (!strcmp(how, "twice") ? 2 : 1); i++) {
		session = session_new(argv[1], how, options);
		if (!strcmp(how, "threads"))
			run_threads(session, runs, 4, true);
		else
			run(session, runs, classes);
		if (strcmp(how, "threads"))
			print(classes);
		if (strstr(how, "child"))
			child(session, runs, how);
		leave(session, how);
	}
	if (!strcmp(how, "running")) {
		run_threads(session, 1000000, 1, false);
		usleep(100000);
	}
	return 0;
}
