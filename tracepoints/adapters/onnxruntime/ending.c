/* SPDX-License-Identifier: MIT */
/*
 * A profile is written when its session ends, so a program that is told to end must get to it: a
 * server that is recorded for some seconds is ended by SIGTERM. Where such a signal would kill the
 * program, a handler wakes a thread that waits for this, which does what is to be done and then lets
 * the signal do what it would have done, so that the program's status is the same. A handler of the
 * program's own, set before or later, is left alone.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "tracepoints/adapters/onnxruntime/ending.h"

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
static void (*to_call)(void);
static sem_t told;
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
	signal(which, SIG_DFL);
	kill(getpid(), which);
	return NULL;
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
	static bool done;

	if (done)
		return;
	done = true;
	to_call = last;
	process = getpid();
	atexit(last);
	if (sem_init(&told, 0, 0) < 0 || !thread_start())
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &was) == 0 && !(was.sa_flags & SA_SIGINFO) &&
			was.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
}
