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
 *	windows		RUNS times makes a session while the LTTng session of the next argument records,
 *			and one while it does not, and runs each for 0.1 s of CPU time: prints by
 *			what part the first is slower than the others just before and after it, and
 *			the same for those
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

/* Makes the image, and of it the tensor *ret, which goes first. */
static float *image_new(void **ret)
{
	const int64_t width = getenv("WIDTH") ? atoi(getenv("WIDTH")) : 128;
	const int64_t shape[] = {1, 3, width, width}, pixels = 3 * width * width;
	float *image = malloc((size_t)pixels * sizeof(*image));

	for (int i = 0; image && i < pixels; i++)
		image[i] = sinf((float)i);
	*ret = NULL;
	check(api[49](memory, image, (size_t)pixels * sizeof(*image), shape, (size_t)4, 1, ret),
		"tensor");
	return image;
}

static void run_once(void *session, void *in, float classes[CLASSES])
{
	static const char *const in_name = "image", *const out_name = "classes";
	float *result;
	void *out = NULL;

	check(api[9](session, NULL, &in_name, &in, (size_t)1, &out_name, (size_t)1, &out), "run");
	check(api[51](out, &result), "output");
	memcpy(classes, result, CLASSES * sizeof(*classes));
	api[96](out);
}

static void run(void *session, long runs, float classes[CLASSES])
{
	void *in;
	float *image = image_new(&in);

	for (long i = 0; i < runs; i++)
		run_once(session, in, classes);
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

static void lttng(const char *what, const char *session)
{
	char command[256];

	snprintf(command, sizeof(command), "lttng %s %s >/dev/null 2>&1", what, session);
	if (system(command)) {
		fprintf(stderr, "%s: failed\n", command);
		exit(1);
	}
}

/* Mean CPU time of a run of a session that is made for it, s. The first runs are not counted: they warm up. */
static double window(const char *model, void *options)
{
	void *session = session_new(model, "", options), *in;
	float *image = image_new(&in), classes[CLASSES];
	double from = 0, to = 0;
	long n;

	for (n = -4; n < 1 || to < from + 0.1; n++) {
		if (n == 0)
			from = cpu_s();
		run_once(session, in, classes);
		to = cpu_s();
	}
	api[96](in);
	free(image);
	api[95](session);
	return (to - from) / (double)n;
}

static void windows(const char *model, void *options, long n, const char *session)
{
	double before = window(model, options), earlier = before, recorded, after;

	for (long i = 0; i < n; i++) {
		lttng("start", session);
		recorded = window(model, options);
		lttng("stop", session);
		after = window(model, options);
		printf("profiled %.6f\n", 2 * recorded / (before + after) - 1);
		if (i)
			printf("control %.6f\n", 2 * before / (earlier + after) - 1);
		earlier = before;
		before = after;
	}
	printf("run %.6f\n", before);
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
		if (argc < 5)
			return 2;
		windows(argv[1], options, runs, argv[4]);
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
