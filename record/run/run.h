/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_H
#define ERG_RECORD_RUN_H

/*
 * One recording, as the parts of the verb run share it. prepare.c fills it before the command
 * starts, run.c takes it from there to the archive.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "record/spool/finish.h"
#include "record/run/keeper.h"
#include "record/run/live.h"
#include "record/run/options.h"
#include "record/run/overhead.h"
#include "record/run/rules.h"
#include "record/sampler/sampler.h"
#include "record/session/join.h"
#include "record/session/session.h"
#include "record/sources/source.h"
#include "record/spool/spool.h"
#include "record/run/watch.h"
#include "record/run/workload.h"

struct erg_run {
	struct erg_run_options opt;
	char run_id[17];
	char name[64]; /* of the session */
	char *exe;     /* where the command is; NULL without one */
	char *spool;   /* NULL with --to */
	struct erg_spool_id spool_id;
	int spool_held; /* while it is open, others see that it is in use */
	char *url;      /* NULL without --to */
	char shm[64];   /* of the session's buffers; "" where there is no memory for it */
	sigset_t mask;  /* of signals, as it was before */
	sigset_t held;  /* those that are blocked now, and read from signal_fd */
	int signal_fd, timer_fd;
	int interrupted; /* by this signal */
	struct erg_environ env;
	struct erg_live live;
	struct erg_source_list sources;
	struct erg_source *command; /* of them: the command as a whole, or NULL */
	struct erg_sampler_config sampling;
	struct erg_sampler *sampler;
	struct erg_tally *tally;       /* the energy so far, for the summary */
	struct erg_readings *readings; /* figures of each channel, for the summary's readers */
	struct erg_show *show;         /* the last readings, for erg-record top */
	struct erg_session *session;
	struct erg_join *join;       /* NULL: all programs are recorded */
	unsigned session_found;      /* annotated programs that ran before and are not recorded */
	struct erg_rules_runs rules; /* --annotate lttng:… */
	struct erg_keeper *keeper;
	struct erg_finish *finish; /* the archive; opened early with --compress during */
	char *part;                /* its unfinished file, and the chunks in there */
	size_t part_chunks;
	struct erg_watch watch;
	struct erg_workload work;
	struct erg_overhead overhead;
	struct erg_session_losses losses;
	bool losses_known;
	bool recorded;             /* the spool holds a recording: it must not be lost */
	uint64_t begin_ns, end_ns; /* of the recording */
	json_t *manifest, *counters, *process_counters, *calibrations, *warnings;
	struct erg_err failure; /* why the recording is not complete; code 0: it is */
};

/*
 * Makes one recording. OPTIONS are the caller's no more; ARGC and ARGV are the verb's own, with which
 * this program may have to be started anew. Returns the exit status (the command's, or 1 when the
 * recording is not complete) or a negative errno with ERR set.
 */
int erg_run(const struct erg_run_options *options, int argc, char **argv, struct erg_err *err);

/* ---- between the files of this room ---- */

/* Blocks the signals that end or control a recording: to be called first. */
int erg_run_signals_hold(struct erg_run *r, struct erg_err *err);
/* What can be refused before anything is touched. */
int erg_run_refuse_early(struct erg_run *r, struct erg_err *err);
/*
 * Starts the session daemon if there is none, and then this program anew: LTTng-UST looks for the
 * daemon when a program starts, and for another time only seconds later. Does not return then.
 */
int erg_run_daemon_first(const struct erg_run *r, int argc, char **argv, struct erg_err *err);
/* Refuses where BEYOND the buffers of LTTng not so many files can be opened: half-way through a recording
 * it is too late. */
int erg_run_files_check(size_t beyond, struct erg_err *err);
/* Adds to the sources the programs that are counted as a whole. */
int erg_run_programs_add(struct erg_run *r, struct erg_err *err);
/* Everything up to the moment when samples are taken: what can refuse, refuses here, and then
 * erg_run_release() leaves nothing behind. */
int erg_run_prepare(struct erg_run *r, struct erg_err *err);
/* Writes state.json of the spool: what is known by now. */
int erg_run_state_write(const struct erg_run *r, struct erg_err *err);
/* Writes down that the unfinished archive PART has CHUNKS chunks; DATA is the struct erg_run. */
int erg_run_part_saved(void *data, const char *part, size_t chunks, struct erg_err *err);
void erg_run_release(struct erg_run *r);
/* Says LINE as a warning and keeps it for the manifest; DATA is the struct erg_run. */
void erg_run_warn(void *data, const char *line);

#endif
