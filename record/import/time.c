/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dates and times of logs as ns since the epoch. A zone behind the time counts; without one it is
 * wall clock time, of --time-zone where that is given. Wall clock time without a zone is read as
 * UTC, which is right for differences (but for a change of the clock, which check.c refuses), and the
 * log is marked so: it cannot be put beside times of another clock.
 *
 * The hour that a zone has twice a year is told by the order of the lines: the second time round is
 * when the time goes back. mktime() is asked once for each quarter of an hour, since clocks change
 * at no other times.
 */
#include "record/import/cells.h"
#include "record/import/import.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "formats/base/util.h"

#define SECOND ((int64_t)ERG_NSEC_PER_SEC)
#define DISORDER_NS                                                                                \
	(60 * SECOND) /* a line this much before the last one is out of order, no more */
#define QUARTER 900

/* ---- a date and a time ---- */

static const char *take_digits(const char *s, int least, int most, int *ret)
{
	int n = 0, v = 0;

	for (; n < most && s[n] >= '0' && s[n] <= '9'; n++)
		v = 10 * v + (s[n] - '0');
	*ret = v;
	return n >= least ? s + n : NULL;
}

static bool is_date(const struct tm *tm)
{
	return tm->tm_year >= 70 && tm->tm_year <= 190 && tm->tm_mon >= 0 && tm->tm_mon <= 11 &&
		tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

/* "20240506" */
static const char *take_compact_date(const char *s, struct tm *tm)
{
	int year, month, day;

	s = take_digits(s, 4, 4, &year);
	s = take_digits(s, 2, 2, &month);
	s = take_digits(s, 2, 2, &day);
	*tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	return is_date(tm) ? s : NULL;
}

/* "May" at S is 5, and *s is behind it and SEP; 0: no month. */
static int take_month(const char **s, char sep)
{
	const int month = erg_import_month(*s);

	if (!month || (*s)[3] != sep)
		return 0;
	*s += 4;
	return month;
}

/* "06-May-2024" and "06-May-24": which number is what the month says. */
static const char *take_named_date(const char *s, struct tm *tm)
{
	int day, month, year;
	const char *end;

	s = take_digits(s, 1, 2, &day);
	if (!s || !*s || !strchr("-/ ", *s))
		return NULL;
	s++;
	month = take_month(&s, s[-1]);
	end = month ? take_digits(s, 2, 4, &year) : NULL;
	if (!end || end - s == 3)
		return NULL;
	*tm = (struct tm){.tm_year = end - s == 2 ? year + 100 : year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day};
	return is_date(tm) ? end : NULL;
}

/* A year that is written first says the order, and so do points: "06.05.2024" is a day, a month, a year. A year
 * of two digits is one of this century. */
static const char *take_date(const char *s, enum erg_import_date order, struct tm *tm)
{
	const char *end;
	int a, b, c;
	bool year_first;
	char sep;

	if (strspn(s, "0123456789") == 8 && order == ERG_DATE_YEAR_FIRST)
		return take_compact_date(s, tm);
	end = take_digits(s, 1, 4, &a);
	if (end && *end && isalpha((unsigned char)end[1]))
		return take_named_date(s, tm);
	if (!end || !*end || !strchr("-/.", *end))
		return NULL;
	year_first = end - s == 4;
	sep = *end;
	end = take_digits(end + 1, 1, 2, &b);
	if (!end || *end != sep)
		return NULL;
	s = end + 1;
	end = take_digits(s, 1, year_first ? 2 : 4, &c);
	if (!end || (!year_first && end - s != 4 && (end - s != 2 || sep == '-')))
		return NULL;
	if (year_first) {
		*tm = (struct tm){.tm_year = a - 1900, .tm_mon = b - 1, .tm_mday = c};
		return is_date(tm) ? end : NULL;
	}
	if (order == ERG_DATE_YEAR_FIRST && sep != '.')
		return NULL;
	if (order == ERG_DATE_MONTH_FIRST && sep != '.') {
		int day = b;

		b = a;
		a = day;
	}
	*tm = (struct tm){.tm_year = c < 100 ? c + 100 : c - 1900, .tm_mon = b - 1, .tm_mday = a};
	return is_date(tm) ? end : NULL;
}

/* "PM", "pm", "p.m." and "p. m.", behind blanks, of which Unicode's CLDR has a narrow one; NULL: none of these. */
static const char *behind_half(const char *s, bool *ret_pm)
{
	static const char narrow[] = "\xe2\x80\xaf", fixed[] = "\xc2\xa0";

	s += strspn(s, " ");
	s += !strncmp(s, narrow, 3) ? 3 : !strncmp(s, fixed, 2) ? 2 : 0;
	if (!*s || !strchr("AaPp", *s))
		return NULL;
	*ret_pm = *s == 'P' || *s == 'p';
	s++;
	if (*s == '.') {
		s += 1 + strspn(s + 1, " ");
		return (*s == 'm' || *s == 'M') && s[1] == '.' ? s + 2 : NULL;
	}
	return (*s == 'm' || *s == 'M') && !isalnum((unsigned char)s[1]) ? s + 1 : NULL;
}

/* " PM" behind a time makes its hour one of 24; NULL for an hour that a clock of 12 does not have. */
static const char *take_half(const char *s, int *hour)
{
	bool pm;
	const char *end = behind_half(s, &pm);

	if (!end)
		return s;
	if (*hour < 1 || *hour > 12)
		return NULL;
	*hour = *hour % 12 + (pm ? 12 : 0);
	return end;
}

/* "14.123" and, as ISO 8601 has it too, "14,123"; Power Gadget and uProf write "14:123", the ms as a number of up
 * to three digits, Python's %S:%f six digits and date's %S:%N nine */
static bool take_seconds(const char *s, int64_t *ret_ns, const char **ret_end)
{
	const char *end;
	int digits;
	size_t n;

	if (!erg_import_decimal(s, 9, ret_ns, &end))
		return false;
	*ret_end = end;
	n = end <= s + 2 && *end == ':' ? strspn(end + 1, "0123456789") : 0;
	if ((n > 0 && n <= 3) || n == 6 || n == 9) {
		*ret_end = take_digits(end + 1, (int)n, (int)n, &digits);
		*ret_ns += digits * (int64_t)(n <= 3 ? 1000000 : n == 6 ? 1000 : 1);
		return true;
	}
	return *end != ',' || !isdigit((unsigned char)end[1]) ||
		memchr(s, '.', (size_t)(end - s)) ||
		erg_import_scaled(s, ',', 9, ret_ns, &digits, ret_end);
}

/* "12:13:14.123"; seconds apart, since they have a fraction. "12:13" only BEHIND_DATE. HWiNFO writes "9:3:6.931". */
static const char *take_clock(const char *s, bool behind_date, int *ret_hour, int *ret_minute,
	int64_t *ret_ns)
{
	const char *minute;

	s = take_digits(s, 1, 2, ret_hour);
	minute = s && *s == ':' ? s + 1 : NULL;
	s = minute ? take_digits(minute, 1, 2, ret_minute) : NULL;
	*ret_ns = 0;
	if (!s || (*s != ':' && (!behind_date || s < minute + 2)))
		return NULL;
	if (*s == ':' && (s[1] < '0' || s[1] > '9' || !take_seconds(s + 1, ret_ns, &s)))
		return NULL;
	return *ret_hour > 23 || *ret_minute > 59 || *ret_ns > 61 * SECOND ? NULL
									   : take_half(s, ret_hour);
}

/* "Mon, 06 May 2024": the day of the week says nothing. */
static const char *behind_weekday(const char *s)
{
	static const char days[] = "MonTueWedThuFriSatSun";

	for (int i = 0; i < 7; i++)
		if (!strncasecmp(s, days + 3 * i, 3) && (s[3] == ',' || s[3] == ' '))
			return s + 3 + strspn(s + 3, ", ");
	return s;
}

/* "May  6 10:00:00 2024", as ctime(3) writes it behind the day of the week. */
static const char *take_ctime(const char *s, struct tm *tm, int64_t *ret_ns)
{
	int day, year, hour, minute, month = take_month(&s, ' ');

	s += strspn(s, " ");
	s = month ? take_digits(s, 1, 2, &day) : NULL;
	s = s && *s == ' ' ? take_clock(s + 1, false, &hour, &minute, ret_ns) : NULL;
	s = s && *s == ' ' ? take_digits(s + 1, 4, 4, &year) : NULL;
	if (!s)
		return NULL;
	*tm = (struct tm){.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute};
	return is_date(tm) ? s : NULL;
}

/* "20240506T101213Z", "20240506-101213.5" and "20240506101213": ISO 8601's basic form, and what scripts make of it.
 * NULL: no such. */
static const char *take_compact(const char *s, struct tm *tm, int64_t *ret_ns)
{
	const char *clock;
	int seconds;

	if (strspn(s, "0123456789") != 8 && strspn(s, "0123456789") != 14)
		return NULL;
	clock = take_compact_date(s, tm);
	clock = clock && *clock && strchr(" T_-", *clock) ? clock + 1 : clock;
	if (!clock || strspn(clock, "0123456789") != 6)
		return NULL;
	s = take_digits(clock, 2, 2, &tm->tm_hour);
	s = take_digits(s, 2, 2, &tm->tm_min);
	take_digits(s, 2, 2, &seconds);
	if (tm->tm_hour > 23 || tm->tm_min > 59 || seconds > 60)
		return NULL;
	return erg_import_decimal(s, 9, ret_ns, &clock) ? clock : NULL;
}

static const char *take_date_and_clock(const char *s, enum erg_import_date order, struct tm *tm,
	int64_t *ret_ns)
{
	const char *end = take_compact(s, tm, ret_ns);

	if (end)
		return end;
	s = behind_weekday(s);
	if (isalpha((unsigned char)*s))
		return take_ctime(s, tm, ret_ns);
	s = take_date(s, order, tm);
	if (!s || !*s || !strchr(" T\t_", *s))
		return NULL;
	for (s++; *s == ' ' || *s == '\t'; s++)
		;
	return take_clock(s, true, &tm->tm_hour, &tm->tm_min, ret_ns);
}

bool erg_import_time(const char *text, enum erg_import_date order, int64_t *ret,
	const char **ret_end)
{
	struct tm tm;
	int64_t ns;
	const char *end = take_date_and_clock(text, order, &tm, &ns);
	char iso[64];

	if (!end && erg_import_unix_date(text, iso, sizeof(iso)) &&
		take_date_and_clock(iso, ERG_DATE_YEAR_FIRST, &tm, &ns))
		end = text + strlen(text); /* a zone before the year, as date(1) writes it */
	if (!end)
		return false;
	*ret_end = end;
	*ret = timegm(&tm) * SECOND + ns;
	return true;
}

/* ---- units and numbers ---- */

int erg_import_time_unit(const char *column)
{
	static const struct {
		const char *end;
		int decimals;
	} ends[] = {{"(ms)", 6}, {"[ms]", 6}, {"_ms", 6}, {"(us)", 3}, {"[us]", 3}, {"_us", 3},
		{"(\xc2\xb5s)", 3}, {"[\xc2\xb5s]", 3}, {"(\xce\xbcs)", 3}, {"[\xce\xbcs]", 3},
		{"(ns)", 0}, {"[ns]", 0}, {"_ns", 0}, {"(s)", 9}, {"[s]", 9}, {"_s", 9},
		{"(sec)", 9}, {"[sec]", 9}, {"_sec", 9}, {"(msec)", 6}, {"[msec]", 6}, {"_msec", 6},
		{"(usec)", 3}, {"[usec]", 3}, {"_usec", 3}, {"milliseconds", 6},
		{"(milliseconds)", 6}, {"microseconds", 3}, {"(microseconds)", 3},
		{"nanoseconds", 0}, {"(nanoseconds)", 0}, {"seconds", 9}, {"(seconds)", 9}};
	const size_t len = strlen(column);

	for (size_t i = 0; i < ERG_ARRAY_SIZE(ends); i++) {
		const size_t end = strlen(ends[i].end);

		if (len >= end && !strcasecmp(column + len - end, ends[i].end))
			return ends[i].decimals;
	}
	return -1;
}

int erg_import_epoch_decimals(int64_t whole, bool told)
{
	static const int decimals[] = {9, 6, 3, 0};
	const int64_t begin = told ? 1000000000 : 946684800, end = 4102444800;
	int64_t by = 1;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(decimals); i++, by *= 1000)
		if (whole >= begin * by && whole / by < (told ? 100000000000 : end))
			return decimals[i];
	return -1;
}

int erg_import_other_epoch(const char *cell, char point, int decimals)
{
	const char *end;
	int64_t whole;
	int digits, by_size;

	if (!erg_import_scaled(cell, point, 0, &whole, &digits, &end) || *end)
		return -1;
	by_size = erg_import_epoch_decimals(whole, false);
	return by_size == decimals ? -1 : by_size;
}

bool erg_import_epoch(struct erg_import_log *log, const char *text, int64_t *ret,
	const char **ret_end)
{
	int64_t whole;
	int digits, decimals;

	if (*text < '0' || *text > '9' ||
		!erg_import_scaled(text, '.', 0, &whole, &digits, ret_end))
		return false;
	decimals = erg_import_epoch_decimals(whole, false);
	if (decimals < 0)
		return false;
	log->clock = ERG_CLOCK_ZONED;
	return erg_import_scaled(text, '.', decimals, ret, &digits, ret_end);
}

int64_t erg_import_unwrap(struct erg_import_log *log, int decimals, int64_t t)
{
	struct erg_import_wrap *w = &log->wrap;
	const int64_t period = ((int64_t)1 << 32) * (decimals == 3 ? 1000 : 1000000);
	const int64_t on = t + period - w->last;

	if (decimals != 3 && decimals != 6)
		return t;
	if (w->rows > 1 && t < w->last && t >= 0 && w->last < period && on > 0 &&
		on <= 16 * w->distance) {
		w->base += period;
		w->n++;
	} else if (w->rows > 0) {
		w->distance = t > w->last ? t - w->last : w->distance;
	}
	w->rows++;
	w->last = t;
	return t + w->base;
}

void erg_import_note_epoch(const struct erg_import_log *log, const char *column, json_t *notes)
{
	const time_t first = (time_t)(log->t[0] / SECOND);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&first, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	erg_import_note(notes, "epoch",
		"%s: column '%s': by their size its numbers were taken for times since 1970, from %s UTC on",
		log->path, column, text);
}

/* ---- zones ---- */

/* Abbreviations that RFC 822 fixes, or that one part of the world uses for itself alone. */
static const struct abbreviation {
	const char *name;
	int minutes;
} abbreviations[] = {
	{"Z", 0},
	{"UTC", 0},
	{"GMT", 0},
	{"UT", 0},
	{"WET", 0},
	{"WEST", 60},
	{"CET", 60},
	{"CEST", 120},
	{"MEZ", 60},
	{"MESZ", 120},
	{"EET", 120},
	{"EEST", 180},
	{"MSK", 180},
	{"EST", -300},
	{"EDT", -240},
	{"CDT", -300},
	{"MST", -420},
	{"MDT", -360},
	{"PST", -480},
	{"PDT", -420},
	{"JST", 540},
	{"KST", 540},
	{"AEST", 600},
	{"AEDT", 660},
};

static bool offset_of_name(const char *name, size_t len, int *ret_minutes)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(abbreviations); i++) {
		if (strlen(abbreviations[i].name) != len ||
			strncasecmp(abbreviations[i].name, name, len))
			continue;
		*ret_minutes = abbreviations[i].minutes;
		return true;
	}
	return false;
}

/* "+08:00", "+0800", "+08", with an optional "UTC" in front; NULL when S is none. */
static const char *take_offset(const char *s, int *ret_minutes)
{
	int sign, hours, minutes = 0;
	const char *end;

	if (!strncmp(s, "UTC", 3) || !strncmp(s, "GMT", 3))
		s += 3;
	if (*s != '+' && *s != '-')
		return NULL;
	sign = *s == '-' ? -1 : 1;
	end = take_digits(s + 1, 1, 2, &hours);
	if (!end)
		return NULL;
	s = end + (*end == ':');
	end = take_digits(s, 2, 2, &minutes);
	if (!end && *(s - 1) == ':')
		return NULL;
	*ret_minutes = sign * (60 * hours + minutes);
	return hours > 15 || minutes > 59 ? NULL : end ? end : s;
}

/* A zone at S, blanks before it: *ret_minutes and what follows, or NULL. */
static const char *take_zone(const char *s, int *ret_minutes)
{
	size_t letters;
	const char *end;

	while (*s == ' ')
		s++;
	end = take_offset(s, ret_minutes);
	if (end)
		return end;
	letters = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return letters > 0 && offset_of_name(s, letters, ret_minutes) ? s + letters : NULL;
}

/* Only these of the abbreviations: --time-zone CET is that zone with its summers. */
static bool is_utc(const char *zone)
{
	return !strcmp(zone, "UTC") || !strcmp(zone, "GMT") || !strcmp(zone, "Z");
}

int erg_import_zone_check(const char *zone, struct erg_err *err)
{
	const char *dir = getenv("TZDIR"), *end;
	_cleanup_(erg_freep) char *path = NULL;
	struct stat st;
	int minutes;

	end = take_offset(zone, &minutes);
	if ((end && !*end) || is_utc(zone) || !strcmp(zone, "local"))
		return 0;
	if (asprintf(&path, "%s/%s", dir ? dir : "/usr/share/zoneinfo", zone) < 0) {
		path = NULL;
		return erg_fail_errno(err, -ENOMEM, "--time-zone");
	}
	if (!*zone || *zone == '.' || *zone == '/' || strstr(zone, "..") || stat(path, &st) < 0 ||
		!S_ISREG(st.st_mode))
		return erg_fail(err, -EINVAL,
			"--time-zone: '%s': UTC, local, an offset like +02:00, or "
			"a name like Europe/Berlin that the package tzdata knows was expected",
			zone);
	return 0;
}

/* The times that the wall clock time TM can be, the earlier one first; they differ in the hour that is
 * twice. False: in this zone there is no such time. */
static bool ask_library(const struct tm *tm, int64_t ret[2])
{
	struct tm told = *tm;
	int64_t swap;

	told.tm_isdst = -1;
	ret[0] = ret[1] = (int64_t)mktime(&told) * SECOND;
	if (told.tm_hour != tm->tm_hour || told.tm_min != tm->tm_min)
		return false;
	for (int dst = 0; dst < 2; dst++) {
		struct tm guess = *tm;
		time_t t;

		guess.tm_isdst = dst;
		t = mktime(&guess);
		if (guess.tm_isdst == dst && guess.tm_hour == tm->tm_hour &&
			guess.tm_min == tm->tm_min)
			ret[dst] = (int64_t)t * SECOND;
	}
	swap = ret[0];
	ret[0] = ret[0] < ret[1] ? ret[0] : ret[1];
	ret[1] = ret[1] > swap ? ret[1] : swap;
	return true;
}

static bool from_zone(struct erg_import_log *log, const struct tm *tm, int64_t *ret)
{
	struct erg_import_wall *w = &log->wall;
	int64_t wall = timegm(&(struct tm){.tm_year = tm->tm_year,
		.tm_mon = tm->tm_mon,
		.tm_mday = tm->tm_mday,
		.tm_hour = tm->tm_hour,
		.tm_min = tm->tm_min});
	int64_t quarter = wall / QUARTER * QUARTER;

	if (!w->asked || quarter != w->quarter) {
		struct tm begin = *tm;
		int64_t t[2];

		begin.tm_min = tm->tm_min / 15 * 15;
		if (!ask_library(&begin, t))
			return false;
		w->asked = true;
		w->quarter = quarter;
		w->shift[0] = t[0] - quarter * SECOND;
		w->shift[1] = t[1] - quarter * SECOND;
	}
	*ret = wall * SECOND + w->shift[0];
	if (w->shift[0] != w->shift[1]) {
		w->twice++;
		if (w->any && *ret < w->last - DISORDER_NS) {
			*ret = wall * SECOND + w->shift[1];
			w->fell = true;
		}
	}
	return true;
}

static int use_zone(struct erg_import_log *log, const char *zone)
{
	const char *end = take_offset(zone, &log->wall.minutes);

	log->wall.fixed = (end && !*end) || is_utc(zone);
	if (!log->wall.fixed && strcmp(zone, "local") && setenv("TZ", zone, 1) < 0)
		return -errno;
	tzset();
	log->wall.ready = true;
	return 0;
}

/* Whether the clock time that ends at END is written with parts of a second. */
static bool has_fraction(const char *text, const char *end)
{
	const char *p = end;

	while (p > text && isdigit((unsigned char)p[-1]))
		p--;
	return p > text && p < end &&
		(p[-1] == '.' || p[-1] == ',' || (p[-1] == ':' && end - p > 2));
}

int erg_import_when(struct erg_import_log *log, const struct erg_import_how *how, const char *text,
	enum erg_import_date order, int64_t *ret, const char **ret_end, struct erg_err *err)
{
	struct tm tm;
	int64_t ns;
	int minutes, r;
	const char *end = take_date_and_clock(text, order, &tm, &ns), *behind;
	char iso[64];

	if (!end && erg_import_unix_date(text, iso, sizeof(iso))) {
		r = erg_import_when(log, how, iso, ERG_DATE_YEAR_FIRST, ret, &end, err);
		*ret_end = text + strlen(text);
		return r > 0 && end[strspn(end, " ")] ? 0 : r;
	}
	if (!end)
		return 0;
	log->wall.fraction |= has_fraction(text, end);
	behind = take_zone(end, &minutes);
	*ret_end = behind ? behind : end;
	if (behind || !how->zone) {
		log->clock = behind ? ERG_CLOCK_ZONED : ERG_CLOCK_WALL;
		*ret = (timegm(&tm) - (behind ? 60 * minutes : 0)) * SECOND + ns;
		return 1;
	}
	if (!log->wall.ready && (r = use_zone(log, how->zone)) < 0)
		return erg_fail_errno(err, r, "--time-zone");
	log->clock = ERG_CLOCK_ZONED;
	*ret = (timegm(&tm) - 60 * log->wall.minutes) * SECOND;
	if (!log->wall.fixed && !from_zone(log, &tm, ret))
		return erg_fail(err, -EINVAL,
			"%s: '%.40s': there is no such time in %s, where clocks "
			"went forward then: is the log of another zone?",
			log->path, text, how->zone);
	*ret += ns;
	log->wall.last = *ret;
	log->wall.any = true;
	return 1;
}

/* "24:00:00" and "100:12:13.5": no time of a day, but what elapsed, which is counted on behind a day. */
static const char *take_elapsed(const char *s, int *ret_hour, int *ret_minute, int64_t *ret_ns)
{
	s = take_digits(s, 2, 4, ret_hour);
	s = s && *s == ':' ? take_digits(s + 1, 2, 2, ret_minute) : NULL;
	if (!s || *s != ':' || s[1] < '0' || s[1] > '9' || !take_seconds(s + 1, ret_ns, &s))
		return NULL;
	return *ret_hour < 24 || *ret_minute > 59 || *ret_ns >= 60 * SECOND ? NULL : s;
}

int erg_import_time_of_day(struct erg_import_log *log, const char *text, int64_t *ret,
	const char **ret_end)
{
	const int64_t day = 86400 * SECOND;
	int hour, minute;
	int64_t ns;
	const char *end = take_clock(text, false, &hour, &minute, &ns);

	if (!end)
		end = take_elapsed(text, &hour, &minute, &ns);
	if (!end)
		return 0;
	log->clock = ERG_CLOCK_TIME_OF_DAY;
	log->wall.fraction |= has_fraction(text, end);
	*ret = (hour * 60 + minute) * 60 * SECOND + ns;
	while (log->wall.any && *ret < log->wall.last - day / 2)
		*ret += day;
	log->wall.last = *ret;
	log->wall.any = true;
	*ret_end = end;
	return 1;
}
