/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keeper. It is a thread of its own because everything it does may block (a stopped daemon, a
 * slow disk), and the main thread must go on passing signals and collecting the command.
 *
 * What is free on the spool's filesystem must hold what recording can add until the next look (as
 * much as it did of late, and as much again for what is still in memory) and the archive that is
 * to be made of the spool, which takes less than a quarter of it. Below that the recording ends
 * while it can still end cleanly. It ends as far before the spool's limit, too. Tracing stops
 * then, or the layers of the command that goes on would go on filling the disk.
 */
#include "record/run/keeper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/session/shm.h"
#include "record/spool/spool.h"

#define MIB (1u << 20)
#define TICK_MS 1000
#define FIRST_TICK_MS 250 /* where the workload runs is known soon after it began */

struct erg_keeper {
	struct erg_keeper_config cfg;
	pthread_t thread;
	bool started, failed;
	int fail_fd, stop_fd;
	struct erg_err failure;
	uint64_t chore_ns;            /* read by others, relaxed */
	uint64_t seen_bytes, seen_ns; /* the spool, when it was looked at last */
};

/* On a filesystem of TOTAL bytes, for a spool of SPOOL that may grow by GROWTH. */
static uint64_t reserve_bytes(uint64_t total, uint64_t spool, uint64_t growth)
{
	uint64_t least = total / 20;

	if (least < MIB)
		least = MIB;
	if (least > 64 * MIB)
		least = 64 * MIB;
	return (growth > least ? growth : least) + spool / 4;
}

/* How much the spool, of SPOOL bytes now, may grow until it has been looked at again and all that
 * is in memory is written. */
static uint64_t growth_bytes(struct erg_keeper *k, uint64_t spool)
{
	uint64_t now = erg_mono_ns(), grown = spool > k->seen_bytes ? spool - k->seen_bytes : 0;
	double took_ms = k->seen_ns ? (double)(now - k->seen_ns) * 1e-6 : TICK_MS;

	k->seen_bytes = spool;
	k->seen_ns = now;
	return (uint64_t)(2 * TICK_MS / took_ms * (double)grown);
}

static int disk_check(struct erg_keeper *k, struct erg_err *err)
{
	uint64_t total = 0, spool, left, growth, reserve;

	if (!k->cfg.spool)
		return 0;
	spool = erg_tree_bytes(k->cfg.spool);
	left = erg_spool_free_bytes(k->cfg.spool, &total);
	growth = growth_bytes(k, spool);
	reserve = reserve_bytes(total, spool, growth);
	if (left < reserve)
		return erg_fail(err, -ENOSPC,
			"%s: disk nearly full, %llu MiB free where %llu may be needed",
			k->cfg.spool, (unsigned long long)(left / MIB),
			(unsigned long long)(reserve / MIB));
	if (k->cfg.spool_limit_bytes && spool + growth > k->cfg.spool_limit_bytes)
		return erg_fail(err, -EDQUOT, "%s: the spool is near its limit of %llu MiB",
			k->cfg.spool, (unsigned long long)(k->cfg.spool_limit_bytes / MIB));
	return 0;
}

static int chore(struct erg_keeper *k, struct erg_err *err)
{
	uint64_t begin = erg_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int r = k->cfg.chore(k->cfg.data, err);

	__atomic_fetch_add(&k->chore_ns, erg_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin,
		__ATOMIC_RELAXED);
	return r;
}

static int keep(struct erg_keeper *k, struct erg_err *err)
{
	struct erg_err gone;
	int r;

	erg_sampler_emit_status(k->cfg.sampler);
	erg_sampler_place(k->cfg.sampler);
	r = erg_session_check(k->cfg.session, err);
	if (!r && k->cfg.spool)
		r = erg_spool_check(k->cfg.spool, &k->cfg.spool_id, err);
	if (!r && k->cfg.shm)
		r = k->cfg.spool ? erg_shm_save_metadata(k->cfg.shm, k->cfg.spool, err)
				 : erg_shm_stream_metadata(k->cfg.shm, k->cfg.run_id, err);
	if (!r && k->cfg.chore)
		r = chore(k, err);
	/* What failed because the spool is gone is told by that. */
	if (r < 0 && k->cfg.spool && erg_spool_check(k->cfg.spool, &k->cfg.spool_id, &gone) < 0) {
		*err = gone;
		return gone.code;
	}
	if (r >= 0)
		r = disk_check(k, err);
	return r;
}

static void *keeper_main(void *data)
{
	const struct sched_param none = {0};
	struct erg_keeper *k = data;
	struct pollfd p = {.fd = k->stop_fd, .events = POLLIN};
	struct erg_err err = {0};
	int wait_ms = FIRST_TICK_MS;

	pthread_setschedparam(pthread_self(), k->cfg.chore ? SCHED_IDLE : SCHED_OTHER, &none);
	for (; poll(&p, 1, wait_ms) == 0; wait_ms = 2 * wait_ms < TICK_MS ? 2 * wait_ms : TICK_MS) {
		if (keep(k, &err) < 0) {
			k->failure = err;
			__atomic_store_n(&k->failed, true, __ATOMIC_RELEASE);
			eventfd_write(k->fail_fd, 1);
			if (err.code != -EPIPE)
				erg_session_halt(k->cfg.session);
			break;
		}
	}
	return NULL;
}

int erg_keeper_start(const struct erg_keeper_config *cfg, struct erg_keeper **ret,
	struct erg_err *err)
{
	_cleanup_(erg_keeper_freep) struct erg_keeper *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return erg_fail_errno(err, -ENOMEM, "keeper");
	k->cfg = *cfg;
	k->fail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->fail_fd < 0 || k->stop_fd < 0)
		return erg_fail_errno(err, -errno, "keeper");
	r = pthread_create(&k->thread, NULL, keeper_main, k);
	if (r)
		return erg_fail_errno(err, -r, "keeper");
	k->started = true;
	*ret = erg_steal_ptr(&k);
	return 0;
}

int erg_keeper_fd(const struct erg_keeper *k)
{
	return k->fail_fd;
}

const struct erg_err *erg_keeper_failure(struct erg_keeper *k)
{
	return __atomic_load_n(&k->failed, __ATOMIC_ACQUIRE) ? &k->failure : NULL;
}

uint64_t erg_keeper_chore_ns(const struct erg_keeper *k)
{
	return __atomic_load_n(&k->chore_ns, __ATOMIC_RELAXED);
}

void erg_keeper_stop(struct erg_keeper *k)
{
	if (!k->started)
		return;
	eventfd_write(k->stop_fd, 1);
	pthread_join(k->thread, NULL);
	k->started = false;
}

void erg_keeper_free(struct erg_keeper *k)
{
	if (!k)
		return;
	erg_keeper_stop(k);
	erg_closep(&k->fail_fd);
	erg_closep(&k->stop_fd);
	free(k);
}

void erg_keeper_freep(struct erg_keeper **k)
{
	erg_keeper_free(*k);
}
