/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person sees of a frame. What cannot be said is "-", and why stands below; a power that comes
 * from a model bears its label wherever it stands.
 */
#include "record/top/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/terminal.h"

#define NAME_CELLS 34
#define LINE_LAYERS 5 /* in one line */

/* ---- pieces ---- */

/* Cells, where every character has one; what has none or two is rare in names of layers and rails. */
static int cells(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* TEXT in exactly WIDTH cells, cut where it is longer. */
static void fitted(char *buf, size_t size, const char *text, int width)
{
	const char *end = text;
	int n = cells(text), keep = n > width ? width - 2 : n;

	for (int k = 0; *end; end++) {
		if (((unsigned char)*end & 0xc0) != 0x80 && k++ == keep)
			break;
	}
	if (n > width)
		snprintf(buf, size, "%.*s..", (int)(end - text), text);
	else
		snprintf(buf, size, "%s%*s", text, width - n, "");
}

static void joules(double j, char *buf, size_t size)
{
	if (fabs(j) >= 1e4)
		snprintf(buf, size, "%.4g kJ", j * 1e-3);
	else if (fabs(j) < 1)
		snprintf(buf, size, "%.3g mJ", j * 1e3);
	else
		snprintf(buf, size, "%.4g J", j);
}

static void watts(double w, char *buf, size_t size)
{
	if (fabs(w) < 1)
		snprintf(buf, size, "%.3g mW", w * 1e3);
	else
		snprintf(buf, size, "%.4g W", w);
}

static void hertz(double hz, char *buf, size_t size)
{
	if (hz >= 1e9)
		snprintf(buf, size, "%.2f GHz", hz * 1e-9);
	else
		snprintf(buf, size, "%.0f MHz", hz * 1e-6);
}

static void other_value(const struct erg_top_other *o, char *buf, size_t size)
{
	if (o->quantity == ERG_Q_TEMPERATURE)
		snprintf(buf, size, "%.1f degC", o->value);
	else
		hertz(o->value, buf, size);
}

static void other_text(const struct erg_top_other *o, char *buf, size_t size)
{
	char value[32];

	other_value(o, value, sizeof(value));
	snprintf(buf, size, "%s %s%s", o->rail, value, o->simulated ? " (SIMULATED)" : "");
}

static const char *level_name(uint32_t level)
{
	return level == 2 ? "layer" : level == 1 ? "module" : "network";
}

/* Time outside of the layers within a network or a module is its own. */
static void layer_label(const struct erg_top_layer *l, char *buf, size_t size)
{
	if (*l->name == '(' || l->level == 2)
		snprintf(buf, size, "%s", l->name);
	else
		snprintf(buf, size, "%s (own time of the %s)", l->name, level_name(l->level));
}

/* ---- the screen ---- */

struct screen {
	int width, left; /* lines that have room */
	void (*line)(void *data, bool head, const char *text);
	void *data;
};

static void put_line(struct screen *s, bool head, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put_line(struct screen *s, bool head, const char *fmt, ...)
{
	char text[1024], cut[1024];
	va_list ap;

	if (s->left <= 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fitted(cut, sizeof(cut), text, s->width);
	s->line(s->data, head, cut);
	s->left--;
}

static void put_title(struct screen *s, const struct erg_top_frame *f,
	const struct erg_top_pages *p)
{
	char what[sizeof(p->show->what)];

	memcpy(what, p->show->what, sizeof(what));
	what[sizeof(what) - 1] = '\0';
	erg_terminal_text(what);
	if (!p->pid)
		put_line(s, true, "erg-record top: the sensors of this machine, %.1f s; q quits",
			f->elapsed_s);
	else
		put_line(s, true, "erg-record top: %s, recorded by process %d for %.1f s; q quits",
			*what ? what : "this machine", (int)p->pid, f->elapsed_s);
}

static void put_rails(struct screen *s, const struct erg_top_frame *f)
{
	char name[256], now[32] = "-", mean[32] = "-", energy[32] = "-", label[96], heading[64];

	if (!f->n_rails) {
		put_line(s, false, "no power is read here; erg-record sources says why");
		return;
	}
	snprintf(heading, sizeof(heading), "mean of %.1f s", f->window_s);
	put_line(s, true, "%-*s %12s %14s %12s", NAME_CELLS, "rail", "now", heading, "so far");
	for (size_t i = 0; i < f->n_rails; i++) {
		const struct erg_top_rail *r = &f->rails[i];

		snprintf(label, sizeof(label), "%s%s%s", r->is_root ? "" : "  ", r->rail,
			r->simulated ? " (SIMULATED)" : "");
		fitted(name, sizeof(name), label, NAME_CELLS);
		strcpy(now, "-");
		strcpy(mean, "-");
		strcpy(energy, "-");
		if (r->known) {
			watts(r->now_w, now, sizeof(now));
			watts(r->mean_w, mean, sizeof(mean));
			joules(r->energy_j, energy, sizeof(energy));
		}
		put_line(s, false, "%s %12s %14s %12s", name, now, mean, energy);
	}
	if (f->lines_left_out)
		put_line(s, false, "%u more channels are recorded and not shown",
			f->lines_left_out);
}

static bool all_simulated(const struct erg_top_frame *f, enum erg_quantity q)
{
	for (size_t i = 0; i < f->n_others; i++)
		if (f->others[i].quantity == q && !f->others[i].simulated)
			return false;
	return true;
}

/* All of quantity Q in one line, as far as it reaches. */
static void put_others(struct screen *s, const struct erg_top_frame *f, enum erg_quantity q,
	const char *heading)
{
	char text[1024], one[160];
	size_t n = 0, left_out = 0;
	const bool simulated = all_simulated(f, q); /* is said once */
	int len = snprintf(text, sizeof(text), "%-12s%s", heading, simulated ? "(SIMULATED) " : "");

	for (size_t i = 0; i < f->n_others; i++) {
		struct erg_top_other o = f->others[i];

		if (o.quantity != q)
			continue;
		o.simulated = o.simulated && !simulated;
		other_text(&o, one, sizeof(one));
		if (cells(text) + cells(one) + 14 > s->width ||
			(size_t)len + strlen(one) + 32 > sizeof(text))
			left_out++;
		else
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s",
				n++ ? ", " : "", one);
	}
	if (left_out)
		snprintf(text + len, sizeof(text) - (size_t)len, ", %zu more", left_out);
	if (n || left_out)
		put_line(s, false, "%s", text);
}

static void put_throttling(struct screen *s, const struct erg_top_frame *f)
{
	if (!f->tells_throttling)
		put_line(s, false, "%-12s%s", "throttling", "nothing here tells");
	else if (!f->n_throttled)
		put_line(s, false, "%-12s%s", "throttling", "none");
	else
		put_line(s, true, "%-12s%s", "throttling", f->throttled);
}

static void put_layer(struct screen *s, const struct erg_top_layer *l)
{
	char name[256], network[160], label[128], power[32] = "-", energy[32] = "-";

	layer_label(l, label, sizeof(label));
	fitted(name, sizeof(name), label, NAME_CELLS);
	fitted(network, sizeof(network), l->network, 14);
	if (!isnan(l->mean_w)) { /* a few readings know no fourth digit */
		snprintf(power, sizeof(power), "%.3g W", l->mean_w);
		snprintf(energy, sizeof(energy), "%.3g J", l->energy_j);
	}
	put_line(s, false, "%s %s %7.2f s %6.1f %% %10s %10s", name, network, l->time_s,
		100 * l->share, power, energy);
}

/* What has no room beneath the table must stand above it. */
static void put_layers(struct screen *s, const struct erg_top_frame *f)
{
	size_t shown, notes;

	if (!f->knows_layers) {
		put_line(s, false, "%-12s%s", "layers",
			"nothing is known of them while this goes on");
		return;
	}
	put_line(s, false, "%-12s%.4g calls a second (%ss), %llu so far, %u thread%s", "layers",
		f->calls_per_s, level_name(f->level), (unsigned long long)f->calls, f->threads,
		f->threads == 1 ? "" : "s");
	if (f->threads_sharing)
		put_line(s, false, "%-12s%u threads share lines with others: shares are rough", "",
			f->threads_sharing);
	put_line(s, false, "%s", "");
	put_line(s, true, "%-*s %-14s %9s %8s %10s %10s%s%s%s", NAME_CELLS, "layer", "network",
		"time", "share", "power", "energy", f->root ? "  of " : "",
		f->root ? f->root->rail : "", f->root && f->root->simulated ? " (SIMULATED)" : "");
	notes = 2 * f->short_layers + (f->root && f->assumed);
	shown = s->left > (int)notes ? (size_t)s->left - notes : 0;
	for (size_t i = 0; i < f->n_layers && i < shown; i++)
		put_layer(s, &f->layers[i]);
	if (f->short_layers) {
		put_line(s, false,
			"-: calls shorter than what a reading of %s sees, or others at once;",
			f->root->rail);
		put_line(s, false, "   erg-analyze layers says more, from the archive");
	}
	if (f->root && f->assumed)
		put_line(s, false, "what a reading of %s sees is assumed, not known",
			f->root->rail);
}

void erg_top_text_screen(const struct erg_top_frame *f, const struct erg_top_pages *p, int width,
	int height, void (*line)(void *data, bool head, const char *text), void *data)
{
	struct screen s = {.width = width, .left = height, .line = line, .data = data};

	put_title(&s, f, p);
	put_line(&s, false, "%s", "");
	put_rails(&s, f);
	put_others(&s, f, ERG_Q_TEMPERATURE, "temperature");
	put_others(&s, f, ERG_Q_FREQUENCY, "clock");
	put_throttling(&s, f);
	if (p->pid)
		put_layers(&s, f);
}

/* ---- one line ---- */

static void append_text(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void append_text(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

/* The hottest, or the fastest. */
static const struct erg_top_other *most(const struct erg_top_frame *f, enum erg_quantity q)
{
	const struct erg_top_other *best = NULL;

	for (size_t i = 0; i < f->n_others; i++)
		if (f->others[i].quantity == q && (!best || f->others[i].value > best->value))
			best = &f->others[i];
	return best;
}

static void append_layers(const struct erg_top_frame *f, char *buf, size_t size)
{
	char label[128];

	append_text(buf, size, "; %.4g %ss/s", f->calls_per_s, level_name(f->level));
	for (size_t i = 0; i < f->n_layers && i < LINE_LAYERS; i++) {
		layer_label(&f->layers[i], label, sizeof(label));
		append_text(buf, size, "%s%s %.0f %%", i ? ", " : ": ", label,
			100 * f->layers[i].share);
		if (!isnan(f->layers[i].mean_w)) {
			append_text(buf, size, " %.3g W", f->layers[i].mean_w);
		}
	}
}

void erg_top_text_line(const struct erg_top_frame *f, char *buf, size_t size)
{
	const struct erg_top_other *hot = most(f, ERG_Q_TEMPERATURE),
				   *fast = most(f, ERG_Q_FREQUENCY);
	char text[160], energy[32];

	snprintf(buf, size, "%.1f s: ", f->elapsed_s);
	if (f->root) {
		watts(f->root->now_w, text, sizeof(text));
		joules(f->root->energy_j, energy, sizeof(energy));
		append_text(buf, size, "%s %s%s, %s so far", f->root->rail, text,
			f->root->simulated ? " (SIMULATED)" : "", energy);
	} else {
		append_text(buf, size, "no power");
	}
	for (int i = 0; i < 2; i++) {
		if (!(i ? fast : hot))
			continue;
		other_text(i ? fast : hot, text, sizeof(text));
		append_text(buf, size, ", %s", text);
	}
	if (f->n_throttled)
		append_text(buf, size, ", THROTTLED by %s", f->throttled);
	if (f->knows_layers)
		append_layers(f, buf, size);
}

/* ---- JSON ---- */

static json_t *number_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *rails_json(const struct erg_top_frame *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_rails; i++) {
		const struct erg_top_rail *r = &f->rails[i];

		json_array_append_new(a,
			json_pack("{s:s, s:b, s:b, s:o, s:o, s:o}", "rail", r->rail, "simulated",
				r->simulated, "root", r->is_root, "now_w",
				number_json(r->known ? r->now_w : NAN), "mean_w",
				number_json(r->known ? r->mean_w : NAN), "energy_j",
				number_json(r->known ? r->energy_j : NAN)));
	}
	return a;
}

static json_t *others_json(const struct erg_top_frame *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_others; i++)
		json_array_append_new(a,
			json_pack("{s:s, s:b, s:o}", "name", f->others[i].rail, "simulated",
				f->others[i].simulated,
				f->others[i].quantity == ERG_Q_TEMPERATURE ? "temperature_degc"
									   : "clock_hz",
				number_json(f->others[i].value)));
	return a;
}

static json_t *layers_json(const struct erg_top_frame *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_layers; i++) {
		const struct erg_top_layer *l = &f->layers[i];

		json_array_append_new(a,
			json_pack("{s:s, s:s, s:o, s:o, s:i, s:o, s:o}", "name", l->name, "network",
				l->network, "time_s", number_json(l->time_s), "share",
				number_json(l->share), "readings", (int)l->readings, "mean_w",
				number_json(l->mean_w), "energy_j", number_json(l->energy_j)));
	}
	return a;
}

json_t *erg_top_text_json(const struct erg_top_frame *f, const struct erg_top_pages *p)
{
	return json_pack(
		"{s:s, s:{s:s, s:s, s:s}, s:[], s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, "
		"s:o, s:i, s:o, s:I}",
		"schema", "ergtrace/1", "tool", "name", "erg-record", "version", ERG_VERSION,
		"verb", "top", "warnings", "pid", p->pid ? json_integer(p->pid) : json_null(),
		"elapsed_s", number_json(f->elapsed_s), "window_s", number_json(f->window_s),
		"rail", f->root ? json_string(f->root->rail) : json_null(), "simulated",
		f->root && f->root->simulated, "rails", rails_json(f), "others", others_json(f),
		"throttled", f->tells_throttling ? json_string(f->throttled) : json_null(), "calls",
		f->knows_layers ? json_integer((json_int_t)f->calls) : json_null(), "calls_per_s",
		number_json(f->knows_layers ? f->calls_per_s : NAN), "threads", (int)f->threads,
		"layers", layers_json(f), "more_layers", (json_int_t)f->more_layers);
}
