/* SPDX-License-Identifier: MIT */
/* A document as it may be shown: the texts in it come from anywhere. */
#include "formats/base/terminal_json.h"

#include <stdlib.h>

#include "formats/base/memory.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

/* A copy for the terminal; whoever hands the text out asks whether there was memory. */
static char *printable(const char *s)
{
	char *copy = erg_terminal_copy(s);

	if (!copy)
		erg_memory_note();
	return copy;
}

json_t *erg_terminal_json(const json_t *doc)
{
	_cleanup_(erg_freep) char *text =
		json_is_string(doc) ? printable(json_string_value(doc)) : NULL;
	json_t *ret = json_is_array(doc) ? json_array()
		: json_is_object(doc)    ? json_object()
					 : NULL;
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_string(doc))
		return text ? json_string(text) : NULL;
	if (!ret)
		return json_incref((json_t *)doc);
	json_array_foreach ((json_t *)doc, i, v)
		json_array_append_new(ret, erg_terminal_json(v));
	json_object_foreach ((json_t *)doc, key, v) {
		_cleanup_(erg_freep) char *name = printable(key);

		if (name)
			json_object_set_new(ret, name, erg_terminal_json(v));
	}
	return ret;
}
