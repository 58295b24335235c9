/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of the generated worlds: each kind over some seeds, made, imported by erg-record,
 * analysed by erg-analyze (both as a user runs them, from PATH) and scored against its truth.
 * tests/accuracy/worlds builds and runs this; its head says what the options are.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/accuracy/world_score.h"
#include "tests/accuracy/world_table.h"

struct options {
	unsigned int seeds, jobs;
	uint64_t first;
	const char *only, *dir;
	bool keep, manual, quick, again;
};

/* The first line that a program wrote before it failed. */
static void tell(const char *dir, const char *out, const char *program, int status)
{
	char path[4200], line[512] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.err", dir, out);
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	fprintf(stderr, "worlds: %s: %s ended with %d: %s\n", dir, program, status, line);
}

/* Runs a program with its output in files of DIR; its exit status, or -1. */
static int run(const char *dir, const char *out, const char *const argv[])
{
	char path[4096];
	int status, fd;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		if (chdir(dir))
			_exit(126);
		snprintf(path, sizeof(path), "%s.err", out);
		fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
		dup2(fd, STDERR_FILENO);
		fd = open(out, O_CREAT | O_TRUNC | O_WRONLY, 0644);
		dup2(fd, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv); /* POSIX: it changes none of them */
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (status)
		tell(dir, out, argv[0], status);
	return status;
}

static int import(const struct world *w, const char *dir)
{
	const char *argv[32] = {"erg-record", "import", "--force", "--samples", "samples.csv",
		"--layers", "layers.csv"};
	char sensor[256], *word, *rest = NULL;
	int n = 7;

	world_sensor(w, sensor, sizeof(sensor));
	if (sensor[0])
		argv[n++] = "--sensor";
	for (word = strtok_r(sensor, " ", &rest); word && n < 29; word = strtok_r(NULL, " ", &rest))
		argv[n++] = word;
	argv[n++] = "-o";
	argv[n++] = "world.erg";
	argv[n] = NULL;
	return run(dir, "import.txt", argv);
}

static json_t *analyse(const char *dir, const char *out, const char *verb, const char *by)
{
	const char *argv[] = {"erg-analyze", verb, "--format", "json", "world.erg",
		by ? "--by" : NULL, by, NULL};
	char path[4096];

	if (run(dir, out, argv) != 0)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, out);
	return json_load_file(path, 0, NULL);
}

static double user_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec * 1e-6;
}

/* What else than the layers has figures: sums, which LAYERS has as further tables, and totals. */
static void score_others(struct score *s, const struct work *k, const struct readings *r,
	json_t *layers, const char *dir)
{
	json_t *totals = analyse(dir, "totals.json", "totals", NULL);

	s->failed += !totals;
	if (totals)
		score_totals(s, k, r, totals);
	json_decref(totals);
	score_sums(s, k, layers);
}

/* What the rows of a world are asked to be summed by, too. */
static const char *further_tables(const struct world *w)
{
	if (w->nested)
		return w->phases ? "layer,type,module,phase" : "layer,type,module";
	return w->phases ? "layer,type,phase" : "layer,type";
}

static json_t *found(const char *dir, const char *name)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return json_load_file(path, 0, NULL);
}

/* What an earlier run with --keep left of a world; nothing where it has not come to it. */
static void score_again(const struct work *k, const struct readings *r, const char *dir,
	struct score *ret)
{
	json_t *layers = found(dir, "layers.json");

	memset(ret, 0, sizeof(*ret));
	if (!layers)
		return;
	ret->worlds = 1;
	score_layers(ret, k, r, layers);
	score_ets(ret, k, r, layers);
	json_decref(layers);
}

static void score_world(const struct options *o, const struct work *k, const struct readings *r,
	const char *dir, struct score *ret)
{
	json_t *layers;
	double before;

	memset(ret, 0, sizeof(*ret));
	ret->worlds = 1;
	if (world_write(k, r, dir) < 0 || import(k->w, dir) != 0) {
		ret->failed = 1;
		return;
	}
	before = user_seconds();
	layers = analyse(dir, "layers.json", "layers", o->quick ? NULL : further_tables(k->w));
	ret->user_s = user_seconds() - before;
	ret->failed = !layers;
	if (!layers)
		return;
	score_layers(ret, k, r, layers);
	if (o->quick)
		score_ets(ret, k, r, layers);
	else
		score_others(ret, k, r, layers, dir);
	json_decref(layers);
}

static void remove_files(const char *dir)
{
	const char *argv[] = {"rm", "-rf", dir, NULL};

	run("/", "/dev/null", argv);
}

static void one_world(const struct options *o, const struct kind *kind, uint64_t seed,
	struct score *ret)
{
	struct readings r = {0};
	struct world w;
	struct work k;
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/%s-%llu", o->dir, kind->name, (unsigned long long)seed);
	if (!o->again && mkdir(dir, 0755) && errno != EEXIST) {
		fprintf(stderr, "worlds: %s: %s\n", dir, strerror(errno));
		_exit(1);
	}
	world_of_kind(kind, seed, &w);
	work_make(&k, &w);
	sense(&k, (double)k.end_ns * 1e-9 + w.idle_s, &r);
	if (o->again)
		score_again(&k, &r, dir, ret);
	else
		score_world(o, &k, &r, dir, ret);
	if (o->keep && !o->manual && ret->worlds > 0) {
		table_world(stdout, kind, seed, ret);
		fflush(stdout);
	} else if (!o->keep) {
		remove_files(dir);
	}
	free(r.r);
	work_release(&k);
}

static bool chosen(const struct options *o, const struct kind *k)
{
	const char *p = o->only;
	size_t n;

	if (!p)
		return true;
	for (; *p; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		if ((strlen(k->name) == n && !strncmp(p, k->name, n)) ||
			(strlen(k->group) == n && !strncmp(p, k->group, n)))
			return true;
	}
	return false;
}

static void job(const struct options *o, unsigned int number, struct score *all)
{
	unsigned int n = 0;

	for (size_t i = 0; i < world_count_kinds(); i++)
		for (unsigned int s = 0; chosen(o, world_kind(i)) && s < o->seeds; s++)
			if (n++ % o->jobs == number)
				one_world(o, world_kind(i), o->first + s, &all[i * o->seeds + s]);
}

static int usage(void)
{
	fprintf(stderr,
		"worlds: [--seeds N] [--only KIND|GROUP,…] [--jobs N] [--fresh SEED] "
		"[--keep DIR|--again DIR] [--quick] [--manual] [--list] [--check]\n");
	return 2;
}

static int list(void)
{
	const struct kind *k;

	for (size_t i = 0; (k = world_kind(i)); i++)
		printf("%-10s %-12s %s\n", k->group, k->name, k->what);
	return 0;
}

static int options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"seeds", 1, NULL, 's'}, {"only", 1, NULL, 'o'},
		{"jobs", 1, NULL, 'j'}, {"fresh", 1, NULL, 'f'}, {"keep", 1, NULL, 'k'},
		{"manual", 0, NULL, 'm'}, {"list", 0, NULL, 'l'}, {"check", 0, NULL, 'c'},
		{"quick", 0, NULL, 'q'}, {"again", 1, NULL, 'a'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 's':
			o->seeds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			o->only = optarg;
			break;
		case 'j':
			o->jobs = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			o->first = strtoull(optarg, NULL, 10);
			break;
		case 'a':
		case 'k':
			o->again = c == 'a';
			o->dir = optarg;
			o->keep = true;
			break;
		case 'm':
			o->manual = true;
			break;
		case 'q':
			o->quick = true;
			break;
		case 'l':
			exit(list());
		case 'c':
			exit(world_check() ? 1 : 0);
		default:
			return usage();
		}
	return optind != argc || !o->seeds || !o->jobs ? usage() : 0;
}

static int print(const struct options *o, const struct score *all)
{
	int missed = 0;

	table_head(stdout, o->manual, o->seeds);
	for (size_t i = 0; i < world_count_kinds(); i++) {
		struct score sum = {0};

		if (!chosen(o, world_kind(i)))
			continue;
		for (unsigned int s = 0; s < o->seeds; s++)
			score_add(&sum, &all[i * o->seeds + s]);
		if (sum.worlds > 0)
			missed += table_row(stdout, world_kind(i), &sum, o->manual);
	}
	table_end(stdout, o->manual, missed);
	return missed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {.seeds = 3, .jobs = 2, .first = 1};
	char temporary[] = "/tmp/worlds.XXXXXX";
	struct score *all;
	int r = options(&o, argc, argv);

	if (r)
		return r;
	if (!o.keep && !(o.dir = mkdtemp(temporary)))
		return perror("worlds: /tmp"), 1;
	if (o.keep && mkdir(o.dir, 0755) && errno != EEXIST)
		return perror(o.dir), 1;
	all = mmap(NULL, world_count_kinds() * o.seeds * sizeof(*all), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return perror("worlds"), 1;
	for (unsigned int i = 0; i < o.jobs; i++)
		if (fork() == 0) {
			job(&o, i, all);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	r = print(&o, all);
	if (!o.keep)
		remove_files(o.dir);
	return r;
}
