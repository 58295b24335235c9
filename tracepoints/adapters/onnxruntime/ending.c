/* SPDX-License-Identifier: MIT */
/*
 * A profile is written when its session ends, so a program that is told to end must get to it: a
 * server that is recorded for some seconds is ended by SIGTERM. Where such a signal would kill the
 * program, a handler wakes a thread that waits for this, which does what is to be done and then lets
 * the signal do what it would have done, so that the program's status is the same. A handler of the
 * program's own, set before or later, is left alone.
 *
 * Programs that leave by _exit(2) do that from handlers of signals, too, where no lock may be taken: the
 * same thread does what is to be done, and is waited for, but not for ever.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tracepoints/adapters/onnxruntime/ending.h"
#include "tracepoints/erg.h"

#define LEAVE_WAIT_S 20 /* beyond what a whole profile takes */
#define LEAVES (-1)     /* in the place of a signal */

ERG_API void _exit(int status);
ERG_API void _Exit(int status);

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
static void (*to_call)(void);
static sem_t told, over;
static bool waits; /* there is a thread that does */
static volatile sig_atomic_t which;
static pid_t process;

static void on_signal(int number)
{
	int saved = errno;

	if (getpid() == process && !which) {
		which = number;
		sem_post(&told);
	} else if (getpid() != process) {
		/* a child that was forked has no such thread */
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = saved;
}

static void *waiter(void *data)
{
	(void)data;
	while (sem_wait(&told) < 0)
		;
	to_call();
	if (which == LEAVES) {
		sem_post(&over);
	} else {
		signal(which, SIG_DFL);
		kill(getpid(), which);
	}
	return NULL;
}

/* Not where the program ends already: by a signal, or because this is called in the thread that does it. */
static _Noreturn void leave(int status)
{
	struct timespec until;

	if (waits && getpid() == process && !which) {
		which = LEAVES;
		sem_post(&told);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LEAVE_WAIT_S;
		while (sem_timedwait(&over, &until) < 0 && errno == EINTR)
			;
	}
	for (;;)
		syscall(SYS_exit_group, status);
}

ERG_API void _exit(int status)
{
	leave(status);
}

ERG_API void _Exit(int status)
{
	leave(status);
}

static bool thread_start(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, waiter, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return r == 0;
}

void erg_ort_at_end(void (*last)(void))
{
	struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, was;
	const pid_t self = getpid();

	if (process == self)
		return;
	if (!process) {
		atexit(last);
		at_quick_exit(last);
	}
	to_call = last;
	waits = false;
	which = 0;
	process = self;
	if (sem_init(&told, 0, 0) < 0 || sem_init(&over, 0, 0) < 0 || !thread_start())
		return;
	waits = true;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &was) == 0 && !(was.sa_flags & SA_SIGINFO) &&
			was.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
}
