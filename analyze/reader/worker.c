/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One process a chunk. libbabeltrace2 aborts or hangs on some malformed traces, so each chunk is
 * unpacked and decoded in a child with limits on address space, CPU and wall time; its result comes
 * back through a memfd. A child that dies takes its chunk with it and nothing else. Children die
 * with the parent; what it had unpacked, a janitor removes, a process that waits for nothing but
 * the parent's end, however that comes. What a machine that lost its power left is removed by the
 * next run.
 */
#include "analyze/reader/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "analyze/reader/chunk_progress.h"
#include "analyze/reader/scratch.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define TIMEOUT_S 600 /* for a chunk of unknown size */
#define CPU_S 2       /* for the smallest: starting the decoder takes some */
/* Traces compress well, empty sub-buffers best; what unpacks to more is made to fill disks. */
#define RATIO_MAX 1000
#define RATIO_FREE (64u << 20) /* bytes to which anything may unpack */

struct job {
	struct erg_worker_chunk *c;
	pid_t pid;
	int alive; /* end of a pipe whose other end the child has: hung up when it is gone */
	int memfd;
	uint64_t deadline_ns;
	struct erg_tempdir tmp;
	_Atomic uint32_t *share; /* the child tells how far it is; NULL: nobody asks */
};

/* All running jobs and how far they are, for a person who waits. */
struct pool {
	struct job *jobs;
	size_t n;
	_Atomic uint32_t *shares; /* in shared memory, one a job; NULL: nobody asks */
	uint64_t done, total;     /* in bytes of chunks times ERG_CHUNK_PROGRESS_WHOLE */
};

struct janitor {
	pid_t pid;
	int fd; /* as long as it is open, the janitor waits */
};

static void janitor_run(pid_t parent, int fd)
{
	char c;

	setsid(); /* Ctrl-C is for the others */
	for (int i = 0; i < 3; i++)
		close(i);
	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
	/* a dying decoder holds its folder, and may write once more */
	for (int i = 0; erg_scratch_sweep(parent) && i < 200; i++)
		usleep(20000);
	_exit(0);
}

/* Without one (no process, no pipe) all works but the removal after a kill. */
static struct janitor janitor_start(void)
{
	struct janitor j = {-1, -1};
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return j;
	j.pid = fork();
	if (!j.pid) {
		close(fds[1]);
		janitor_run(parent, fds[0]);
	}
	close(fds[0]);
	j.fd = fds[1];
	return j;
}

static void janitor_end(struct janitor *j)
{
	erg_closep(&j->fd);
	if (j->pid > 0)
		waitpid(j->pid, NULL, 0);
}

static int unpack(const struct erg_archive *a, const struct erg_worker_chunk *c, const char *dir,
	struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct erg_archive_member *m;
	struct erg_err first = {0};

	if (fd < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	erg_archive_members(a, &m);
	for (size_t i = c->first; i < c->first + c->n; i++) {
		struct erg_err one = {0};

		if (erg_archive_extract(a, i, fd, m[i].name, &one) < 0 && !first.code)
			first = one;
	}
	if (first.code && err)
		*err = first;
	return first.code;
}

/* libbabeltrace2 writes a dozen lines before it aborts; what matters is that the chunk failed. */
static void silence(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
}

/* Decoding runs at tens of MiB a second of processor time; at one it is stuck. */
static unsigned int cpu_s(const struct erg_worker_chunk *c, const struct erg_reader_options *opt)
{
	if (opt->timeout_s)
		return opt->timeout_s;
	return c->bytes ? CPU_S + (unsigned int)(c->bytes >> 20) : TIMEOUT_S;
}

/* By the clock it may take longer: others want the processor, too. */
static unsigned int timeout_s(const struct erg_worker_chunk *c,
	const struct erg_reader_options *opt)
{
	return opt->timeout_s ? opt->timeout_s : TIMEOUT_S + (unsigned int)(c->bytes >> 16);
}

static void limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};

	setrlimit(what, &r);
}

/* In the child: never returns. A member that cannot be unpacked is said, the others are decoded. */
static void decode_child(const struct erg_archive *a, const struct job *j,
	const struct erg_reader_options *opt)
{
	const struct erg_worker_chunk *c = j->c;
	struct erg_err err = {0}, damage = {0};
	char name[sizeof("trace/") + sizeof(c->name)], unpacked[sizeof(j->tmp) + sizeof(name)];
	struct erg_chunk_task task = {.dir = c->dir ? c->dir : unpacked,
		.name = name,
		.scratch = j->tmp.path,
		.fd = j->memfd,
		.share = j->share};
	struct erg_chunk_header h = {.magic = ERG_CHUNK_MAGIC, .first_ns = UINT64_MAX};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	silence();
	limit(RLIMIT_CORE, 0);
	setrlimit(RLIMIT_CPU, &(struct rlimit){cpu_s(c, opt), cpu_s(c, opt) + 5}); /* SIGXCPU */
	limit(RLIMIT_AS, opt->memory_max ? opt->memory_max : ERG_DECODER_ADDRESSES);
	if (!c->dir)
		unpack(a, c, j->tmp.path, &damage);
	snprintf(name, sizeof(name), "trace/%s", c->name);
	snprintf(unpacked, sizeof(unpacked), "%s/%s", j->tmp.path, name);
	if (erg_chunk_decode(&task, &err) < 0) {
		snprintf(h.error, sizeof(h.error), "%.500s", err.msg);
		pwrite(j->memfd, &h, sizeof(h), 0);
	} else if (damage.code && pread(j->memfd, &h, sizeof(h), 0) == (ssize_t)sizeof(h)) {
		snprintf(h.error, sizeof(h.error), "%.500s", damage.msg);
		pwrite(j->memfd, &h, sizeof(h), 0);
	}
	_exit(0);
}

/* Sets the chunk's error when it may not or cannot be unpacked, to FOLDER. */
static bool refuse(struct erg_worker_chunk *c, const char *folder)
{
	const uint64_t most = RATIO_FREE + RATIO_MAX * c->packed;
	uint64_t left = UINT64_MAX;
	struct statvfs s;

	if (c->dir)
		return false;
	if (c->bytes > most) {
		snprintf(c->error, sizeof(c->error),
			"it says that its %llu bytes unpack to %llu: expected at most %llu",
			(unsigned long long)c->packed, (unsigned long long)c->bytes,
			(unsigned long long)most);
		return true;
	}
	if (statvfs(folder, &s) == 0)
		left = (uint64_t)s.f_bavail * s.f_frsize;
	if (c->bytes > left)
		snprintf(c->error, sizeof(c->error),
			"unpacked it has %llu bytes and %.100s has room for %llu: TMPDIR can name another place",
			(unsigned long long)c->bytes, folder, (unsigned long long)left);
	return c->bytes > left;
}

static int start_job(const struct erg_archive *a, struct erg_worker_chunk *c,
	const struct erg_reader_options *opt, struct job *j, struct erg_err *err)
{
	int fds[2], r;

	*j = (struct job){.c = c,
		.alive = -1,
		.memfd = -1,
		.share = j->share,
		.tmp = ERG_TEMPDIR_NONE};
	if (j->share)
		atomic_store(j->share, 0);
	r = erg_scratch_make(c->bytes, &j->tmp, err);
	if (r < 0)
		return r;
	if (refuse(c, j->tmp.path))
		return 0;
	j->memfd = memfd_create("erg-chunk", MFD_CLOEXEC);
	if (j->memfd < 0)
		return erg_fail_errno(err, -errno, "memory for chunk %s", c->name);
	j->deadline_ns = erg_mono_ns() + (uint64_t)timeout_s(c, opt) * ERG_NSEC_PER_SEC;
	if (pipe2(fds, O_CLOEXEC))
		return erg_fail_errno(err, -errno, "a pipe for chunk %s", c->name);
	j->pid = fork();
	if (!j->pid)
		decode_child(a, j, opt);
	close(fds[1]);
	j->alive = fds[0];
	return j->pid < 0 ? erg_fail_errno(err, -errno, "a process for chunk %s", c->name) : 0;
}

static void take_table(struct job *j)
{
	struct erg_worker_chunk *c = j->c;
	struct stat st;
	void *p;

	if (fstat(j->memfd, &st) || st.st_size < (off_t)sizeof(*c->h))
		return;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, j->memfd, 0);
	if (p == MAP_FAILED)
		return;
	c->h = p;
	c->size = (size_t)st.st_size;
	if (c->h->magic != ERG_CHUNK_MAGIC)
		erg_worker_unmap(c);
}

static void finish_job(struct job *j, bool timed_out)
{
	struct erg_worker_chunk *c = j->c;
	int status = 0;

	if (j->pid > 0) {
		waitpid(j->pid, &status, 0);
		take_table(j);
	}
	if (c->error[0])
		; /* refused */
	else if (timed_out || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
		snprintf(c->error, sizeof(c->error), "decoding took too long and was stopped");
	else if (WIFSIGNALED(status))
		snprintf(c->error, sizeof(c->error), "its decoder died: %s",
			strsignal(WTERMSIG(status)));
	else if (!c->h)
		snprintf(c->error, sizeof(c->error), "its decoder gave nothing (exit status %d)",
			WEXITSTATUS(status));
	else if (c->h->error[0])
		snprintf(c->error, sizeof(c->error), "%s", c->h->error);
	if (WIFSIGNALED(status) || timed_out)
		erg_worker_unmap(c); /* half-written tables are no tables */
	erg_closep(&j->alive);
	erg_closep(&j->memfd);
	erg_tempdir_remove(&j->tmp);
	*j = (struct job){.alive = -1, .memfd = -1, .share = j->share, .tmp = ERG_TEMPDIR_NONE};
}

void erg_worker_unmap(struct erg_worker_chunk *c)
{
	if (c->h)
		munmap((void *)c->h, c->size);
	c->h = NULL;
}

/* Chunks of a folder are of unknown size: they count alike. */
static uint64_t weight(const struct erg_worker_chunk *c)
{
	return (c->bytes ? c->bytes : 1) * ERG_CHUNK_PROGRESS_WHOLE;
}

static void tell_progress(const struct pool *pool)
{
	uint64_t done = pool->done;

	for (size_t i = 0; i < pool->n; i++)
		if (pool->jobs[i].pid > 0 && pool->jobs[i].share)
			done += weight(pool->jobs[i].c) / ERG_CHUNK_PROGRESS_WHOLE *
				atomic_load_explicit(pool->jobs[i].share, memory_order_relaxed);
	erg_progress("decoding", done, pool->total);
}

static void finish_one(struct pool *pool, size_t i, bool timed_out)
{
	pool->done += weight(pool->jobs[i].c);
	finish_job(&pool->jobs[i], timed_out);
	tell_progress(pool);
}

/* Waits until one of the running jobs ends, and ends it. */
static void wait_one(struct pool *pool)
{
	struct job *jobs = pool->jobs;

	for (;;) {
		struct pollfd fds[64];
		uint64_t now = erg_mono_ns();

		for (size_t i = 0; i < pool->n; i++) {
			fds[i] = (struct pollfd){jobs[i].pid > 0 ? jobs[i].alive : -1, POLLIN, 0};
			if (jobs[i].pid > 0 && now > jobs[i].deadline_ns) {
				kill(jobs[i].pid, SIGKILL);
				finish_one(pool, i, true);
				return;
			}
		}
		poll(fds, pool->n, pool->shares ? 100 : 1000);
		for (size_t i = 0; i < pool->n; i++)
			if (jobs[i].pid > 0 && fds[i].revents) {
				finish_one(pool, i, false);
				return;
			}
		tell_progress(pool);
	}
}

static size_t count_jobs(const struct erg_reader_options *opt, size_t chunks)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = opt->jobs ? opt->jobs : cpus > 0 ? (size_t)cpus : 1;

	n = n > 64 ? 64 : n;
	return n > chunks ? chunks : n;
}

static void pool_release(struct pool *pool)
{
	free(pool->jobs);
	if (pool->shares)
		munmap(pool->shares, pool->n * sizeof(*pool->shares));
}

static int pool_init(struct pool *pool, const struct erg_worker_chunk *chunks, size_t n,
	const struct erg_reader_options *opt)
{
	pool->n = count_jobs(opt, n);
	pool->jobs = calloc(pool->n + 1, sizeof(*pool->jobs));
	if (!pool->jobs)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		pool->total += weight(&chunks[i]);
	if (!n || !erg_progress_wanted())
		return 0;
	pool->shares = mmap(NULL, pool->n * sizeof(*pool->shares), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pool->shares == MAP_FAILED)
		pool->shares = NULL; /* without it, progress is by whole chunks */
	for (size_t i = 0; pool->shares && i < pool->n; i++)
		pool->jobs[i].share = &pool->shares[i];
	return 0;
}

int erg_worker_run(const struct erg_archive *a, struct erg_worker_chunk *chunks, size_t n,
	const struct erg_reader_options *opt, struct erg_err *err)
{
	_cleanup_(janitor_end) struct janitor janitor = janitor_start();
	_cleanup_(pool_release) struct pool pool = {0};
	size_t running = 0;
	int r = pool_init(&pool, chunks, n, opt) ? erg_fail(err, -ENOMEM, "out of memory") : 0;

	(void)janitor; /* for its end */
	erg_scratch_sweep(0);
	for (size_t i = 0; !r && i < n; i++) {
		size_t slot = 0;

		if (running == pool.n) {
			wait_one(&pool);
			running--;
		}
		while (pool.jobs[slot].pid > 0)
			slot++;
		r = start_job(a, &chunks[i], opt, &pool.jobs[slot], err);
		if (r < 0)
			finish_job(&pool.jobs[slot], false);
		else if (pool.jobs[slot].pid <= 0)
			finish_one(&pool, slot, false);
		else
			running++;
	}
	for (; running; running--)
		wait_one(&pool);
	return r;
}
