/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-board: serves the simulated board until SIGTERM, or until its command ends.
 *
 * DIR/ergboard/ready (the process id) appears when the tree is complete. When the board is idle the
 * loop sleeps to absolute deadlines, so it costs a few per cent of a core.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "formats/base/util.h"
#include "tests/board/board.h"
#include "tests/board/options.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

static pid_t start_command(const struct erg_board_config *cfg)
{
	char dir[4096], page[4200];
	pid_t pid;

	if (!realpath(cfg->dir, dir))
		return -1;
	if (cfg->page_path && cfg->page_path[0] == '/')
		snprintf(page, sizeof(page), "%s", cfg->page_path);
	else
		snprintf(page, sizeof(page), "%s/%s", dir,
			cfg->page_path ? cfg->page_path : "ergboard/page");
	pid = fork();
	if (pid != 0)
		return pid;
	setenv("ERG_BOARD_DIR", dir, 1);
	setenv("ERG_BOARD_PAGE", page, 1);
	execvp(cfg->command[0], cfg->command);
	fprintf(stderr, "erg-board: %s: %s\n", cfg->command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Serves until told to stop; returns the command's exit status, or 0. */
static int serve(struct erg_board *b, pid_t command)
{
	uint64_t period = ERG_NSEC_PER_SEC / b->cfg.hz, next = erg_mono_ns(), n = 0;
	uint64_t poll_every = b->cfg.hz / 200 ? b->cfg.hz / 200 : 1;
	uint64_t tidy_every = b->cfg.hz / 10 ? b->cfg.hz / 10 : 1;
	int status;

	for (;; n++) {
		struct timespec ts;
		uint64_t now = erg_mono_ns();

		next += period;
		if (next < now) /* late: do not run after the deadlines that have passed */
			next = now;
		ts = (struct timespec){(time_t)(next / ERG_NSEC_PER_SEC),
			(long)(next % ERG_NSEC_PER_SEC)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		erg_board_step(b);
		if (n % poll_every == 0)
			erg_board_files_poll(b);
		if (n % tidy_every == 0)
			erg_board_tidy(b);
		if (command > 0 && n % poll_every == 0 &&
			waitpid(command, &status, WNOHANG) == command)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (stop_signal && command <= 0)
			return 0;
		if (stop_signal) {
			kill(command, stop_signal);
			stop_signal = 0;
		}
	}
}

/* Hardware does not wait for a processor. Where that is not permitted the board is late as any program is. */
static void take_precedence(void)
{
	const struct sched_param rt = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};

	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	(void)!sched_setscheduler(0, SCHED_FIFO, &rt);
}

static int announce(struct erg_board *b, struct erg_err *err)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return erg_tree_static(b->root_fd, "ergboard/ready", pid, err);
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	static struct erg_board board; /* large */
	struct erg_board_config cfg;
	struct erg_err err = {0};
	char truth[4096];
	pid_t command = 0;
	int r, status;

	erg_board_config_defaults(&cfg);
	r = erg_board_options(&cfg, argc, argv, &err);
	if (r != 0) {
		if (r < 0)
			fprintf(stderr, "erg-board: %s\n", err.msg);
		else
			erg_board_help(stdout);
		return r < 0 ? 2 : 0;
	}
	if (!cfg.truth_path) {
		snprintf(truth, sizeof(truth), "%s/ergboard/truth.log", cfg.dir);
		cfg.truth_path = truth;
	}
	r = erg_board_open(&board, &cfg, &err);
	if (r == 0)
		r = announce(&board, &err);
	if (r < 0) {
		fprintf(stderr, "erg-board: %s\n", err.msg);
		erg_board_close(&board);
		return 1;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	if (cfg.command) {
		command = start_command(&cfg);
		if (cfg.follow_command)
			erg_follow_init(&board.follow, ERG_FOLLOW_PID, command);
	}
	take_precedence(); /* the command does not */
	status = command < 0 ? 1 : serve(&board, command);
	unlinkat(board.root_fd, "ergboard/ready", 0);
	erg_board_step(&board);
	erg_board_close(&board);
	return status;
}
