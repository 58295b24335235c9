/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parameters of the components: those of erg-analyze layers, by the same names, as babeltrace2 takes
 * them (--params='rail="VDD_IN",seed=1').
 */
#include <errno.h>
#include <string.h>

#include "analyze/plugin/gather.h"

struct parse {
	struct erg_gather_options *o;
	struct erg_err *err;
	int r;
};

static const char *const bys[] = {"layer", "type", "module", "block", "network", "phase", NULL};
static const char *const energies[] = {"total", "above-idle", NULL};
static const char *const formats[] = {"text", "json", "csv", NULL};

static bool one_of(const char *const *names, const char *v, const char **ret)
{
	for (; *names; names++)
		if (!strcmp(*names, v)) {
			*ret = *names;
			return true;
		}
	return false;
}

static bool set_text(struct erg_gather_options *o, const char *key, const char *v)
{
	const char *name;

	if (!strcmp(key, "run"))
		o->run = v;
	else if (!strcmp(key, "rail"))
		o->common.rail = v;
	else if (!strcmp(key, "sensor"))
		o->common.reader.sensor = v;
	else if (!strcmp(key, "by"))
		return one_of(bys, v, &o->by);
	else if (!strcmp(key, "energy"))
		return one_of(energies, v, &o->energy);
	else if (!strcmp(key, "format") && one_of(formats, v, &name))
		o->common.format = (enum erg_format)erg_format_parse(name);
	else
		return false;
	return true;
}

static bool set_number(struct erg_gather_options *o, const char *key, int64_t v)
{
	if (!strcmp(key, "seed") && v >= 0)
		o->common.seed = (uint64_t)v;
	else if (!strcmp(key, "rounds") && v > 0 && v <= 1000000)
		o->common.rounds = (unsigned int)v;
	else
		return false;
	return true;
}

static bt_value_map_foreach_entry_const_func_status entry(const char *key, const bt_value *v,
	void *data)
{
	struct parse *p = data;
	bool good = false;

	if (bt_value_is_string(v))
		good = set_text(p->o, key, bt_value_string_get(v));
	else if (bt_value_is_bool(v) && !strcmp(key, "readings"))
		good = (p->o->readings = bt_value_bool_get(v)) || true;
	else if (bt_value_is_signed_integer(v))
		good = set_number(p->o, key, bt_value_integer_signed_get(v));
	else if (bt_value_is_unsigned_integer(v))
		good = bt_value_integer_unsigned_get(v) <= INT64_MAX &&
			set_number(p->o, key, (int64_t)bt_value_integer_unsigned_get(v));
	if (good)
		return BT_VALUE_MAP_FOREACH_ENTRY_CONST_FUNC_STATUS_OK;
	p->r = erg_fail(p->err, -EINVAL,
		"parameter '%s': expected run, rail, sensor, by, energy or format with a text that "
		"erg-analyze layers knows, seed or rounds with a whole number, or readings with yes or no",
		key);
	return BT_VALUE_MAP_FOREACH_ENTRY_CONST_FUNC_STATUS_INTERRUPT;
}

int erg_gather_options(const bt_value *params, struct erg_gather_options *ret, struct erg_err *err)
{
	struct parse p = {.o = ret, .err = err};

	*ret = (struct erg_gather_options){.by = "layer", .energy = "total"};
	bt_value_map_foreach_entry_const(params, entry, &p);
	return p.r;
}
