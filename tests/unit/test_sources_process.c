/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs as a whole: their CPU time, their events and what their children do, a file of progress. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "record/sources/process.h"
#include "tests/unit/sources_fixture.h"

#define PAGES 2000

static struct erg_source *program(struct fixture *f, const char *file, const char *events,
	bool simulated)
{
	struct erg_process_config cfg = {.name = "prog",
		.file = file,
		.events = events,
		.proc = "/proc",
		.sysfs = f->tree.dir,
		.simulated = simulated};
	struct erg_source *s = NULL;

	if (erg_process_source_new(&cfg, &s, &f->err) < 0)
		fail_msg("%s", f->err.msg);
	assert_int_equal(erg_source_list_add(&f->list, s), 0);
	assert_int_equal(s->ops->start(s, &f->err), 0);
	return s;
}

/* Touches PAGES new pages. */
static void touch(void)
{
	size_t size = PAGES * (size_t)sysconf(_SC_PAGESIZE);
	volatile char *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	madvise((void *)p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += (size_t)sysconf(_SC_PAGESIZE))
		p[i] = 1;
}

static void burn(long ms)
{
	struct timespec ts;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	while (ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < ms);
}

/* Waits for GO, has a child touch pages and burn time, says so, and stays. */
static pid_t start(int ret[2])
{
	int go[2], done[2];
	pid_t pid;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(done, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		if (fork() == 0) {
			touch();
			burn(150);
			_exit(0);
		}
		wait(NULL);
		if (write(done[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(go[0]);
	close(done[1]);
	ret[0] = go[1];
	ret[1] = done[0];
	return pid;
}

static void await(const int fd[2])
{
	char byte;

	assert_int_equal(write(fd[0], "", 1), 1);
	assert_int_equal(read(fd[1], &byte, 1), 1);
}

static void finish(pid_t pid, const int fd[2])
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd[0]);
	close(fd[1]);
}

static void test_time_of_children(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s = program(f, NULL, NULL, false);
	int fd[2];
	pid_t pid = start(fd);

	assert_int_equal(s->n_channels, 1);
	assert_string_equal(s->channels[0].rail, "prog");
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_NOTHING);
	erg_process_source_follow(s, pid);
	await(fd);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	/* the child's 150 ms, which has ended and was waited for; a tick is 10 ms */
	assert_in_range(f->values[0], 130, 5000);
	finish(pid, fd);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_NOTHING);
}

/* /proc/PID/stat of a process that took TICKS. */
static void put_stat(struct fixture *f, int pid, int ticks)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	tree_put(&f->tree, path, "%d (a ) b) S 0 0 0 0 0 0 0 0 0 0 %d 0 0 0 20", pid, ticks);
}

/* More children than a page of text names: none is left out, and no half of a number is a process. */
static void test_many_children(void **state)
{
	struct fixture *f = *state;
	char text[8192];
	int64_t ms;
	int n = 0;

	for (int i = 10001; i <= 10800; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%d ", i);
	tree_bytes(&f->tree, "proc/7/task/7/children", text, (size_t)n);
	put_stat(f, 7, 1);
	put_stat(f, 10800, 300);
	for (int i = 1; i < 1100; i++) /* what a number that is cut would name */
		if (i != 7)
			put_stat(f, i, 5000);
	assert_int_equal(erg_process_walk(f->proc, 7, NULL, &ms), 0);
	assert_int_equal(ms, 301 * 1000 / sysconf(_SC_CLK_TCK));
}

static void test_inherited_events(void **state)
{
	struct fixture *f = *state;
	struct erg_process_perf probe = {0};
	struct erg_source *s;
	int fd[2];
	pid_t pid;

	/* software events: page faults (PERF_COUNT_SW_PAGE_FAULTS), context switches */
	assert_int_equal(erg_process_perf_parse("inherit;page-faults=1:2;cs=1:3", &probe, &f->err),
		0);
	assert_int_equal(probe.n_events, 2);
	if (erg_process_perf_open(&probe, 0) < 0)
		skip();
	erg_process_perf_close(&probe);
	s = program(f, NULL, "page-faults=1:2;cs=1:3", false);
	assert_string_equal(s->channels[1].rail, "prog:page-faults");
	pid = start(fd);
	erg_process_source_follow(s, pid);
	await(fd);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_in_range(f->values[1], PAGES, PAGES + 1000);
	assert_in_range(f->values[2], 1, 100000);
	finish(pid, fd);
}

static void test_progress_file(void **state)
{
	struct fixture *f = *state;
	char path[128];
	struct erg_source *s;

	snprintf(path, sizeof(path), "%s/progress", f->tree.dir);
	tree_put(&f->tree, "progress", "%d 3 1000 40 %d", (int)getpid(), (int)getpid() + 1043);
	s = program(f, path, NULL, false);
	assert_int_equal(s->n_channels, 3);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_true(f->values[0] >= 1000);
	assert_int_equal(f->values[1], 3);
	assert_int_equal(f->values[2], 40);
	/* half of a write: its sum is wrong, and what was said before stands */
	tree_put(&f->tree, "progress", "%d 4 1000 50 %d", (int)getpid(), (int)getpid() + 1043);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_int_equal(f->values[1], 3);
}

static void test_simulated(void **state)
{
	struct fixture *f = *state;
	struct erg_process_config cfg = {.name = "prog",
		.events = "flops",
		.proc = "/proc",
		.sysfs = f->tree.dir,
		.simulated = true};
	struct erg_source *s = NULL;

	assert_int_equal(erg_process_source_new(&cfg, &s, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.msg, "flops"));
	tree_put(&f->tree, "ergboard/processes", "%d 120.5 4000 1000 700 30\n1 9 9 9 9 9",
		(int)getpid());
	s = program(f, NULL, "bus;instructions", true);
	erg_process_source_follow(s, getpid());
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_in_range(f->values[0], 120, 121);
	assert_int_equal(f->values[1], 30);
	assert_int_equal(f->values[2], 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_time_of_children, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_children, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inherited_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_progress_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_simulated, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
