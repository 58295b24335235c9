/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The forms of logs that there are, and what each begins like. What a log looks like never decides
 * how it is read: it makes the refusal of a wrong form say which one is likelier.
 */
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define HEAD_BYTES 16384

const struct erg_import_reader *const erg_import_readers[] = {
	&erg_import_csv,
	&erg_import_tegrastats,
	&erg_import_nvidia_smi,
	&erg_import_ptdaemon,
	&erg_import_perf_stat,
	&erg_import_mllog,
	&erg_import_amd_smi,
	&erg_import_powermetrics,
	&erg_import_ipmi,
	NULL,
};

const struct erg_import_layers_reader *const erg_import_layers_readers[] = {
	&erg_import_layers_csv,
	&erg_import_chrome_trace,
	&erg_import_nsys,
	&erg_import_ctf,
	NULL,
};

/* Words that are in every log of the form near its begin, and in no other's. */
static const struct {
	const char *form, *words[3];
} looks[] = {
	{"tegrastats", {"RAM ", "MB (lfb ", "CPU ["}},
	{"nvidia-smi", {"timestamp", "power.draw"}},
	{"ptdaemon", {"Time,", ",Watts,", ",Mark,"}},
	{"perf", {"Joules", "energy-"}},
	{"mllog", {":::MLLOG"}},
	{"amd-smi", {"gpu,", "power_usage"}},
	{"amd-smi", {"gpu,", "socket_power"}},
	{"amd-smi", {"device,", "Graphics Package Power"}},
	{"powermetrics", {"*** Sampled system activity"}},
	{"powermetrics", {"<plist", "elapsed_ns"}},
	{"ipmi", {"Instantaneous power reading:"}},
	{"ipmi", {" Watts ", "| ok"}},
	{"nsys", {"SQLite format 3"}},
	{"chrome-trace", {"traceEvents"}},
	{"chrome-trace", {"\"ph\"", "\"ts\""}},
};

const char *erg_import_looks_like(const char *path)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	char head[HEAD_BYTES];
	size_t n = f ? fread(head, 1, sizeof(head) - 1, f) : 0;

	head[n] = '\0';
	for (size_t i = 0; i < ERG_ARRAY_SIZE(looks); i++) {
		size_t found = 0;

		while (found < ERG_ARRAY_SIZE(looks[i].words) && looks[i].words[found] &&
			memmem(head, n, looks[i].words[found], strlen(looks[i].words[found])))
			found++;
		if (found == ERG_ARRAY_SIZE(looks[i].words) || !looks[i].words[found])
			return looks[i].form;
	}
	return NULL;
}

/* What is posted of tools as well, and is no log of their power in time: what to ask of them instead. */
static const struct {
	const char *words[2], *what;
} strangers[] = {
	{{"=NVSMI LOG="},
		"what nvidia-smi -q prints: nvidia-smi "
		"--query-gpu=timestamp,index,power.draw --format=csv -lms 100 was expected"},
	{{"<nvidia_smi_log"},
		"what nvidia-smi -q -x prints: nvidia-smi "
		"--query-gpu=timestamp,index,power.draw --format=csv -lms 100 was expected"},
	{{"| NVIDIA-SMI ", "Driver Version"},
		"the table of nvidia-smi: nvidia-smi --query-gpu=timestamp,index,power.draw "
		"--format=csv -lms 100 was expected"},
	{{"ROCm System Management Interface"},
		"what rocm-smi prints for people: rocm-smi -P --csv, in a loop, was expected"},
	{{"\"card", "Package Power (W)\""},
		"the JSON of rocm-smi: rocm-smi -P --csv, in a loop, was expected"},
	{{"\"socket_power\""}, "the JSON of amd-smi: amd-smi monitor -p -w S --csv was expected"},
	{{"\"consumers\"", "\"host\""},
		"the JSON of Scaphandre: a table of times and readings was expected"},
	{{"# HELP ", "# TYPE "},
		"one scrape of Prometheus: a range of it, as a table with times, was expected"},
	{{"Consumed energy units", "Consumed Joules"},
		"what pcm-power prints for people: pcm -csv was expected"},
	{{"\"startInMs\"", "\"latencyMs\""},
		"trtexec's --exportTimes, which has no layers: a trace of nsys was expected"},
	{{"\"averageMs\"", "\"percentage\""},
		"trtexec's --exportProfile, sums of each layer without times: a trace of nsys was expected"},
	{{"layerName;", "realTime (ms)"},
		"OpenVINO's report, sums of each layer without times: a trace was expected"},
	{{"node type", "avg_ms"},
		"TFLite's profile, sums of each operator without times: a trace was expected"},
};

static const char *stranger_in(const char *head, size_t n)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(strangers); i++) {
		size_t found = 0;

		while (found < ERG_ARRAY_SIZE(strangers[i].words) && strangers[i].words[found] &&
			memmem(head, n, strangers[i].words[found],
				strlen(strangers[i].words[found])))
			found++;
		if (found == ERG_ARRAY_SIZE(strangers[i].words) || !strangers[i].words[found])
			return strangers[i].what;
	}
	return NULL;
}

const char *erg_import_stranger(const char *path)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	char head[HEAD_BYTES];
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	return stranger_in(head, n);
}

const char *erg_import_no_text(const char *path)
{
	static const struct {
		const char *begin, *what;
	} kinds[] = {
		{"\x1f\x8b",
			"compressed by gzip: zcat FILE | erg-record import --samples /dev/stdin"},
		{"\xfd"
		 "7zXZ",
			"compressed by xz: xzcat FILE | erg-record import --samples /dev/stdin"},
		{"\x28\xb5\x2f\xfd",
			"compressed by zstd: zstdcat FILE | erg-record import --samples /dev/stdin"},
		{"\x89HDF", "HDF5: a table saved as CSV was expected"},
		{"PAR1", "Parquet: a table saved as CSV was expected"},
		{"jlsfmt", "a file of Joulescope: what it exports as CSV was expected"},
		{"SQLite format 3", "a database: a table saved as CSV was expected"},
		{"\x89PNG", "a picture: a table as text was expected"},
		{"PK\x03\x04", "a spreadsheet or a zip archive: a table saved as CSV was expected"},
		{"{", "JSON: a table of times and readings was expected"},
		{"[", "JSON: a table of times and readings was expected"}};
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	char head[256] = "";
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].begin);

		if (n >= len && !memcmp(head, kinds[i].begin, len))
			return kinds[i].what;
	}
	for (size_t i = 0; i < n; i++) /* NUL is in UTF-16 */
		if (head[i] > 0 && head[i] < ' ' && !strchr("\t\n\r\f\v\x1b", head[i]))
			return "no text: a table as text was expected";
	return NULL;
}

const char *erg_import_form_names(char *ret, size_t size)
{
	size_t len = 0;

	*ret = '\0';
	for (size_t i = 0; erg_import_readers[i] && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", i ? ", " : "",
			erg_import_readers[i]->name);
	for (size_t i = 1; erg_import_layers_readers[i] && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s",
			erg_import_layers_readers[i + 1] ? ", " : " or ",
			erg_import_layers_readers[i]->name);
	return ret;
}
