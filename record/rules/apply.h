/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RULES_APPLY_H
#define ERG_RECORD_RULES_APPLY_H

#include "record/rules/rules.h"

/* A layer that began and ended. Texts are "" where the rule has none. */
struct erg_rules_span {
	const char *network, *module, *name, *type, *track;
	uint32_t iteration; /* how many instances of the layer there were before */
	uint64_t begin_ns, end_ns;
};

struct erg_rules_output {
	int (*span)(void *data, const struct erg_rules_span *s, struct erg_err *err);
	void *data;
};

struct erg_rules_report {
	uint64_t spans;
	uint64_t unnamed;  /* whose name or module no table knew */
	uint64_t no_begin; /* ends without a beginning */
	uint64_t no_end;   /* beginnings that were still open at the end */
	uint64_t cut;      /* that were open where events were lost: no layers */
	uint64_t no_same; /* events that lack a field which beginning and end must have in common */
};

struct erg_rules_state;

struct erg_rules_state *erg_rules_state_new(const struct erg_rules *rules,
	const struct erg_rules_output *out);
int erg_rules_event(struct erg_rules_state *s, const struct erg_rules_event *e,
	struct erg_err *err);
/* Events were lost: what is open may be two that became one. */
void erg_rules_loss(struct erg_rules_state *s);
/* What was counted; what is open counts as without an end. */
void erg_rules_report(const struct erg_rules_state *s, struct erg_rules_report *ret);
void erg_rules_state_free(struct erg_rules_state *s);

#endif
