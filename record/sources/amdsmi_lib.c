/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading libamd_smi.so and calling it. It comes with ROCm, not with a package we could link to, so it
 * is opened at run time; where it is missing, AMD's GPUs are left to hwmon. What differs between its
 * versions stays in this file.
 */
#include "record/sources/amdsmi_lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/library.h"
#include "formats/base/util.h"

/* ROCm often lies where the loader does not look. */
static const char *const places[] = {"libamd_smi.so", "libamd_smi.so.27", "libamd_smi.so.26",
	"libamd_smi.so.25", "libamd_smi.so.24", "libamd_smi.so.23", "/opt/rocm/lib/libamd_smi.so"};

static const struct erg_library_function functions[] = {
	{"amdsmi_init", NULL, offsetof(struct erg_amdsmi, init), false},
	{"amdsmi_shut_down", NULL, offsetof(struct erg_amdsmi, shut_down), false},
	{"amdsmi_get_lib_version", NULL, offsetof(struct erg_amdsmi, version), false},
	{"amdsmi_get_socket_handles", NULL, offsetof(struct erg_amdsmi, sockets), false},
	{"amdsmi_get_processor_handles", NULL, offsetof(struct erg_amdsmi, processors), false},
	{"amdsmi_get_processor_type", NULL, offsetof(struct erg_amdsmi, type), false},
	{"amdsmi_get_gpu_device_bdf", NULL, offsetof(struct erg_amdsmi, bdf), false},
	{"amdsmi_get_power_info", NULL, offsetof(struct erg_amdsmi, power), true},
	{"amdsmi_get_energy_count", NULL, offsetof(struct erg_amdsmi, energy), true},
	{"amdsmi_get_temp_metric", NULL, offsetof(struct erg_amdsmi, temperature), true},
	{"amdsmi_get_clock_info", NULL, offsetof(struct erg_amdsmi, clock), true},
	{"amdsmi_get_violation_status", NULL, offsetof(struct erg_amdsmi, violations), true},
};

/* A status as negative errno. */
static int errno_of(unsigned int status)
{
	switch (status) {
	case ERG_AMDSMI_SUCCESS:
		return 0;
	case ERG_AMDSMI_INVAL:
		return -EINVAL;
	case ERG_AMDSMI_NOT_SUPPORTED:
	case ERG_AMDSMI_NOT_YET_IMPLEMENTED:
	case ERG_AMDSMI_NO_DATA:
		return -ENOTSUP;
	case ERG_AMDSMI_TIMEOUT:
		return -ETIMEDOUT;
	case ERG_AMDSMI_NO_PERM:
		return -EACCES;
	case ERG_AMDSMI_BUSY:
		return -EBUSY;
	case ERG_AMDSMI_NOT_FOUND:
	case ERG_AMDSMI_NOT_INIT:
	case ERG_AMDSMI_DRIVER_NOT_LOADED:
		return -ENODEV;
	default:
		return -EIO;
	}
}

/* ---- loading ---- */

/* The first word is the year of the release until 25, and the major version, which goes on counting
 * from there, since. Before 23.4 (ROCm 5.7 and older) the structure of power has a voltage where later
 * ones have a power. */
static int set_layout(struct erg_amdsmi *a, struct erg_err *err)
{
	union erg_amdsmi_room v = {0};
	unsigned int status = a->version(&v);

	if (status)
		return erg_fail(err, -ENODEV, "libamd_smi.so: tells no version: status %u", status);
	if ((v.word[0] == 23 && v.word[1] >= 4) || v.word[0] == 24)
		a->power_word = ERG_AMDSMI_POWER_WORD;
	else if (v.word[0] >= 25 && v.word[0] <= 27)
		a->power_word = ERG_AMDSMI_POWER_WORD_25;
	else
		return erg_fail(err, -ELIBBAD,
			"libamd_smi.so: version %u.%u is not known: expected 23.4 to 27 (ROCm 6.0 "
			"to 10)",
			v.word[0], v.word[1]);
	return 0;
}

/* One that cannot be loaded is the reason, unless another one can be. */
static int open_amdsmi(struct erg_amdsmi *a, struct erg_err *err)
{
	struct erg_err why;
	int r = -ENOENT;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(places); i++) {
		int e = erg_library_open(&a->handle, places[i], &why);

		if (e >= 0)
			return 0;
		if (e != -ENOENT && r == -ENOENT) {
			r = e;
			erg_fail(err, r, "%s", why.msg);
		}
	}
	return r != -ENOENT ? r : erg_fail(err, r, "libamd_smi.so: not installed");
}

static int load_amdsmi(struct erg_amdsmi *a, struct erg_err *err)
{
	unsigned int status;
	int r = open_amdsmi(a, err);

	if (r < 0)
		return r;
	r = erg_library_fill(a, a->handle, "libamd_smi.so", functions, ERG_ARRAY_SIZE(functions),
		err);
	if (r < 0)
		return r;
	a->simulated = dlsym(a->handle, "ergtrace_simulated") != NULL;
	status = a->init(ERG_AMDSMI_INIT_GPUS);
	if (status)
		return erg_fail(err, -ENODEV, "libamd_smi.so: cannot be initialised: status %u%s",
			status,
			status == ERG_AMDSMI_DRIVER_NOT_LOADED ? ", driver not loaded" : "");
	r = set_layout(a, err);
	if (r < 0)
		a->shut_down();
	return r;
}

int erg_amdsmi_open(struct erg_amdsmi **ret, struct erg_err *err)
{
	struct erg_amdsmi *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return erg_fail(err, -ENOMEM, "amd-smi: out of memory");
	a->users = 1;
	r = load_amdsmi(a, err);
	if (r < 0) {
		if (a->handle)
			dlclose(a->handle);
		free(a);
		return r;
	}
	pthread_mutex_init(&a->lock, NULL);
	*ret = a;
	return 0;
}

struct erg_amdsmi *erg_amdsmi_ref(struct erg_amdsmi *a)
{
	a->users++;
	return a;
}

void erg_amdsmi_unref(struct erg_amdsmi *a)
{
	if (!a || --a->users)
		return;
	a->shut_down();
	dlclose(a->handle);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* ---- calling ---- */

/* The first GPU of SOCKET, or NULL. */
static struct erg_amdsmi_gpu *gpu_of(struct erg_amdsmi *a, void *socket)
{
	struct erg_amdsmi_gpu *all[ERG_AMDSMI_GPUS_MAX];
	uint32_t n = 0;

	if (a->processors(socket, &n, NULL) || !n)
		return NULL;
	if (n > ERG_AMDSMI_GPUS_MAX)
		n = ERG_AMDSMI_GPUS_MAX;
	if (a->processors(socket, &n, all))
		return NULL;
	for (uint32_t i = 0; i < n && i < ERG_AMDSMI_GPUS_MAX; i++) {
		int type = 0;

		if (!a->type(all[i], &type) && type == ERG_AMDSMI_TYPE_GPU)
			return all[i];
	}
	return NULL;
}

int erg_amdsmi_gpus(struct erg_amdsmi *a, struct erg_amdsmi_gpu **gpus, unsigned int *ret_without)
{
	void *sockets[ERG_AMDSMI_GPUS_MAX];
	uint32_t n = 0;
	int found = 0, r = errno_of(a->sockets(&n, NULL));

	*ret_without = 0;
	if (r < 0 || !n)
		return r;
	if (n > ERG_AMDSMI_GPUS_MAX)
		return -E2BIG;
	r = errno_of(a->sockets(&n, sockets));
	for (uint32_t i = 0; r >= 0 && i < n && i < ERG_AMDSMI_GPUS_MAX; i++) {
		gpus[found] = gpu_of(a, sockets[i]);
		if (gpus[found])
			found++;
		else
			++*ret_without;
	}
	return r < 0 ? r : found;
}

/* Not told: all ones, of 16 bits where the table of the firmware has so many. */
static uint32_t value_of(uint32_t raw)
{
	return raw == UINT16_MAX ? ERG_AMDSMI_NONE : raw;
}

int erg_amdsmi_power(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, uint32_t *current,
	uint32_t *average)
{
	union erg_amdsmi_room room;
	unsigned int status;

	if (!a->power)
		return -ENOTSUP;
	memset(&room, 0xff, sizeof(room));
	pthread_mutex_lock(&a->lock);
	status = a->power(g, &room);
	pthread_mutex_unlock(&a->lock);
	if (status)
		return errno_of(status);
	*current = value_of(room.word[a->power_word]);
	*average = value_of(room.word[a->power_word + 1]);
	return *current == ERG_AMDSMI_NONE && *average == ERG_AMDSMI_NONE ? -ENOTSUP : 0;
}

int erg_amdsmi_energy(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, uint64_t *count,
	float *resolution_uj, uint64_t *stamp_ns)
{
	unsigned int status;

	if (!a->energy)
		return -ENOTSUP;
	*count = UINT64_MAX;
	*resolution_uj = 0;
	*stamp_ns = 0;
	pthread_mutex_lock(&a->lock);
	status = a->energy(g, count, resolution_uj, stamp_ns);
	pthread_mutex_unlock(&a->lock);
	if (status)
		return errno_of(status);
	/* A counter that is not there is all ones or stands at nothing. */
	if (*count == 0 || *count > INT64_MAX)
		return -ENOTSUP;
	return isfinite(*resolution_uj) && *resolution_uj > 0 ? 0 : -EBADMSG;
}

int erg_amdsmi_temperature(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, int sensor,
	int64_t *degc)
{
	unsigned int status;

	if (!a->temperature)
		return -ENOTSUP;
	*degc = UINT16_MAX;
	pthread_mutex_lock(&a->lock);
	status = a->temperature(g, sensor, ERG_AMDSMI_TEMPERATURE_NOW, degc);
	pthread_mutex_unlock(&a->lock);
	if (status)
		return errno_of(status);
	/* All ones of the firmware, and what no chip survives. */
	return *degc < -273 || *degc > 1000 ? -ENOTSUP : 0;
}

int erg_amdsmi_clock(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, int type, int64_t *mhz)
{
	union erg_amdsmi_room room;
	unsigned int status;

	if (!a->clock)
		return -ENOTSUP;
	memset(&room, 0xff, sizeof(room));
	pthread_mutex_lock(&a->lock);
	status = a->clock(g, type, &room);
	pthread_mutex_unlock(&a->lock);
	if (status)
		return errno_of(status);
	*mhz = value_of(room.word[0]); /* of the moment, in each version */
	return *mhz == ERG_AMDSMI_NONE ? -ENOTSUP : 0;
}

/* Not under the lock, under which everything else would wait for as long: libraries that have the function
 * lock each GPU for each look at it. */
int erg_amdsmi_violations(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g,
	uint64_t counts[ERG_AMDSMI_VIOLATIONS])
{
	union erg_amdsmi_long_room room;
	unsigned int status;
	bool told = false;

	if (!a->violations)
		return -ENOTSUP;
	memset(&room, 0xff, sizeof(room));
	status = a->violations(g, &room);
	if (status)
		return errno_of(status);
	for (size_t i = 0; i < ERG_AMDSMI_VIOLATIONS; i++) {
		counts[i] = room.word[ERG_AMDSMI_ACC_PROCHOT + i];
		told |= counts[i] != UINT64_MAX;
	}
	return told ? 0 : -ENOTSUP;
}

int erg_amdsmi_address(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, char *dst, size_t size)
{
	uint64_t bdf = 0;
	unsigned int status;

	pthread_mutex_lock(&a->lock);
	status = a->bdf(g, &bdf);
	pthread_mutex_unlock(&a->lock);
	if (status)
		return errno_of(status);
	snprintf(dst, size, "%04x:%02x:%02x.%u", (unsigned int)(bdf >> 16),
		(unsigned int)(bdf >> 8 & 0xff), (unsigned int)(bdf >> 3 & 0x1f),
		(unsigned int)(bdf & 7));
	return 0;
}
