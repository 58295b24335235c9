/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RULES_H
#define ERG_RECORD_RULES_H

/*
 * Rules say which events of somebody else's tracepoints begin and end a layer, what names it and what
 * it belongs to: erg-rules(5). A file of them is read here.
 *
 *	tables:				# what events tell of others, by process
 *	  symbol:
 *	    - {event: ros2:rclcpp_callback_register, key: callback, value: symbol}
 *	layers:
 *	  - begin: ros2:callback_start
 *	    end: ros2:callback_end
 *	    same: [callback]		# fields that both have
 *	    scope: thread		# the end comes in the thread of the beginning; or process
 *	    name: "{symbol[callback]|callback}"
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

#define ERG_RULES_TEXT 512
/* Of the names of fields. */
#define ERG_RULES_FIELD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

/* What an event's field holds, or a table. */
struct erg_rules_value {
	char text[ERG_RULES_TEXT];
	char key[ERG_RULES_TEXT]; /* the same, numbers in tens: what tables are looked up by */
};

/* One event, as a trace gives it. */
struct erg_rules_event {
	const char *name;
	uint64_t time_ns;
	uint64_t pid, tid;
	/* false: it has no such field */
	bool (*field)(const struct erg_rules_event *e, const char *name,
		struct erg_rules_value *ret);
	const void *data;
};

/* A text with {expressions}. */
struct erg_rules_template;

/* What is asked of the tables. */
struct erg_rules_lookup {
	bool (*find)(void *data, uint64_t pid, size_t table, const char *key,
		struct erg_rules_value *ret);
	void *data;
};

struct erg_rules_entry {
	char *event;
	size_t table;
	struct erg_rules_template *key, *value;
};

struct erg_rules_layer {
	char *begin, *end;
	char **same;
	size_t n_same;
	bool any_thread; /* the end may come in another thread of the process */
	struct erg_rules_template *name, *module, *network, *type; /* but name, may be NULL */
};

struct erg_rules {
	char **tables; /* names */
	size_t n_tables;
	struct erg_rules_entry *entries;
	size_t n_entries;
	struct erg_rules_layer *layers;
	size_t n_layers;
};

/* Events of LTTng's user space are named PROVIDER:EVENT; those of other tracers, which a trace may be of, of
 * any kind: ANY_NAME. Messages begin with "FILE:LINE:COLUMN: ". */
int erg_rules_read(const char *file, bool any_name, struct erg_rules *ret, struct erg_err *err);
void erg_rules_release(struct erg_rules *r);

/* ---- templates (template.c) ---- */

/* TEXT with {expressions}, or where BARE is set one expression: the name of a field; TABLE[expression];
 * 'text'; or some of these with | between, of which the first that has a value counts. *ret_at: where
 * TEXT is wrong. */
int erg_rules_template_new(const char *text, bool bare, char *const *tables, size_t n_tables,
	struct erg_rules_template **ret, const char **ret_why);
/* False where an expression has no value. */
bool erg_rules_template_eval(const struct erg_rules_template *t, const struct erg_rules_event *e,
	const struct erg_rules_lookup *lookup, struct erg_rules_value *ret);
void erg_rules_template_free(struct erg_rules_template *t);

#endif
