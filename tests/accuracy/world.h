/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_ACCURACY_WORLD_H
#define ERG_TESTS_ACCURACY_WORLD_H

/*
 * Generated worlds in which one thing differs from what the analysis assumes, with a truth that is
 * integrated exactly. Nothing here is shared with the programs under test: not code, not a header,
 * not an assumption. A world goes to erg-record import as text, as any other tool's log would.
 *
 *   draw (random numbers) < curve (power in time) < work (layers) < sense (readings) < world_write
 *
 * Times are in s from the world's begin unless a name ends in _ns; the work begins after idle_s.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WORLD_LAYERS 24
#define WORLD_TRACKS 3
#define WORLD_LEVELS 7
#define WORLD_NONE (-1)

/* ---- draw: one stream of random numbers, and numbers that belong to an index */
struct draw {
	uint64_t s[4];
	double spare;
	bool has_spare;
};

void draw_seed(struct draw *d, uint64_t seed);
double draw_uniform(struct draw *d); /* [0, 1) */
double draw_normal(struct draw *d);
double draw_exponential(struct draw *d); /* mean 1 */
/* The same for the same seed and index, whatever was drawn before. */
double draw_normal_at(uint64_t seed, int64_t index);
void *must(void *p); /* ends the program on lack of memory */

/* ---- curve: power as a function of time: on each piece a + b s + c exp(-s / theta), s from its t */
struct piece {
	double t, a, b, c;
};

struct curve {
	struct piece *p;
	size_t n, room;
	double theta;        /* s, one for all pieces */
	double tau;          /* s, of the RC in front of the sensor; 0: none */
	double *joules;      /* at each piece's begin; made by curve_finish */
	double *rc_w, *rc_j; /* of the RC's output: value and integral at each piece's begin */
};

void curve_add(struct curve *c, double t, double a, double b, double exp_w);
/* The last piece goes on for ever, the first one (it must be constant) came from ever. */
void curve_finish(struct curve *c);
double curve_watts(const struct curve *c, double t);
double curve_joules(const struct curve *c, double t); /* integral from the first piece's t */
double curve_rc_watts(const struct curve *c, double t);
double curve_rc_joules(const struct curve *c, double t);
double piece_joules(const struct piece *p, double theta, double from, double to); /* s from p->t */
void curve_release(struct curve *c);

/* ---- the specification of a world; what is 0 does not happen */
enum sense_kind { SENSE_POINT, SENSE_BOXCAR, SENSE_EMA, SENSE_COUNTER };

struct sensor {
	enum sense_kind kind;
	double window_s, period_s, alpha, lag_s;
};

struct world {
	const char *kind;
	uint64_t seed;
	/* work */
	int layers, tracks;
	const char *track_name; /* before its number; NULL: "thread " */
	const char *rail;       /* NULL: VDD_IN */
	double layer_min_s, layer_max_s, power_min_w, power_max_w;
	double jitter; /* relative SD of every duration */
	double run_s, idle_s, idle_w, gap_s;
	double cycle_s; /* > 0: an iteration takes so long */
	int iterations; /* > 0: so many instead of run_s */
	bool nested;    /* groups of three layers inside modules with time of their own */
	/* instances that differ */
	double variation;                        /* relative SD of a power, at random */
	double dur_sd, dur_power;                /* SD of ln d; power goes with d to this */
	double mode_share, mode_dur, mode_power; /* a second mode: its share and factors */
	int cold; /* so many first iterations take 2.5 times, at another power */
	double change_at, change_power,
		change_dur;    /* at this fraction of the run, SD of ln factors */
	double stall, stall_s; /* probability in an instance, mean length, at little power */
	double stall_at;       /* share of its work that an instance does before; < 0: any */
	double onset_s, onset; /* a power is reached exponentially from onset times it */
	double tail_s, tail;   /* so much of a layer's power decays after it, in what runs then */
	double ramp;   /* a power goes up or down by up to this share of it on either side */
	double halves; /* the first half of an instance takes up to this share more or less */
	double burst_s, burst; /* a power is higher by this share of it at the begin */
	bool one_shape;        /* of these, one layer has them alone */
	double busy_w;         /* the base is higher by this while the work runs */
	double edge_s,
		edge_w; /* and by this for so long after the work, before it, and where a pause begins */
	double gap_w,
		gap_first; /* above the base, between iterations; and the part of a gap that is after a pause */
	double pause_s;          /* on average, after one iteration in five */
	double drift_w, drift_s; /* added to the base: W (1 - exp(-t / s)) */
	bool phases;             /* prefill and decode */
	double prompt_sd,
		grow;  /* SD of ln of a prefill's length; what decode takes longer at last */
	double fall_s; /* the clock falls through seven levels within so long, unevenly */
	/* stamps of layers, of which one that ends and one that begins there share the error */
	double layers_round_s, layers_off_s; /* rounded to the nearest; SD */
	/* sensor as it is */
	struct sensor is;
	double spacing_s, dither, noise_w, lsb, rc_s, gain, grid_jitter_s;
	double clip;    /* > 0: readings end at this share of their greatest */
	double garbled; /* share of the readings that are 0, twice or ten times what was seen */
	double again;   /* share of them that are the one before once more */
	bool on_edge;   /* the reader is in step with the sensor's updates */
	/* clock */
	double skew, offset_s, stamp_sd_s,
		stamp_round_s; /* rounded down, or to the nearest by seed */
	double held_s; /* one stamp in ten is so much later, on average, and those behind it wait */
	double late_s; /* a read amid one of the layers is stamped so much later, or about so much by seed */
	/* sensor as it is declared */
	bool declared;
	struct sensor says; /* lag_s: NAN where it is not given */
	bool says_lsb;
};

/* ---- work */
struct instance {
	int64_t begin_ns, end_ns;
	int layer, track, iteration, phase;
};

struct own { /* power of its own of the innermost layer of a track; pieces of a track in order */
	int64_t begin_ns, end_ns;
	int layer;
	struct piece p; /* p.t unused */
};

struct span {
	int64_t begin_ns, end_ns;
	int phase;
};

struct work {
	const struct world *w;
	struct draw draw;
	int64_t now[WORLD_TRACKS];
	int layers;                 /* with modules */
	double tail[WORLD_TRACKS];  /* W: of the layers before, at the time now */
	double shape[WORLD_LAYERS]; /* -1 to 1: how much of the world's shape a layer has */
	double dur[WORLD_LAYERS], power[WORLD_LAYERS], mode_power[WORLD_LAYERS],
		cold_power[WORLD_LAYERS], change_power[WORLD_LAYERS], change_dur[WORLD_LAYERS];
	int module[WORLD_LAYERS];
	bool is_module[WORLD_LAYERS];
	int iteration, phase;
	double prompt; /* length of the present request's */
	struct instance *instance;
	size_t instances, instance_room;
	struct own *own[WORLD_TRACKS];
	size_t owns[WORLD_TRACKS], own_room[WORLD_TRACKS];
	int64_t begin_ns, end_ns;
	struct curve base, total;
	struct span *span; /* occurrences of phases, in order */
	size_t spans;
	double level_t[WORLD_LEVELS];
	int levels;
	/* truth, J: with powers that add and the base shared equally by what runs at once */
	double energy[WORLD_LAYERS];
	/* the other convention: all that flows shared equally by what runs at once */
	double equal[WORLD_LAYERS];
	double time_s[WORLD_LAYERS];
};

void work_make(struct work *k, const struct world *w);
void work_add_up(struct work *k); /* its last step: the total power and who it belongs to */
void work_release(struct work *k);
void layer_name(const struct work *k, int layer, char *buf, size_t size);
const char *layer_type(int layer);
extern const char *const phase_names[2];
double level_factor(int level); /* of the clock's frequency at the level, 1 at level 0 */

/* ---- sense */
struct reading {
	double t, stamp, value; /* W, or J for a counter */
};

struct readings {
	struct reading *r;
	size_t n;
};

/* Until the time END; at least one second after the work is enough for all lags. */
void sense(const struct work *k, double end, struct readings *ret);

/* ---- files of a world */
int world_write(const struct work *k, const struct readings *r, const char *dir);
/* The arguments after --sensor, "" where nothing is declared. */
void world_sensor(const struct world *w, char *buf, size_t size);
double truth_total(const struct work *k, const struct readings *r);
double truth_rest(const struct work *k, const struct readings *r); /* of no layer */

/* ---- peers: two simple ways on the same readings, J per layer */
void peer_hold(const struct work *k, const struct readings *r, double *ret_j);
/* NAN where the normal equations are singular. */
void peer_ols(const struct work *k, const struct readings *r, double *ret_j);

/* ---- kinds */
struct bound { /* in %, 0: none; resolved: least share, others: most, cover: least */
	double mean, worst, cover, resolved;
};

struct kind {
	const char *name, *what;
	void (*set)(struct world *w, double x);
	double x;
	struct bound bound;
	const char *group;
};

/* Of all, in the order of the table; NULL from world_count_kinds() on. */
const struct kind *world_kind(size_t i);
size_t world_count_kinds(void);
void world_of_kind(const struct kind *k, uint64_t seed, struct world *ret);

/* The generator by other means; how many checks failed, each with a line on stderr. */
int world_check(void);

#endif
