/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Provenance: a measurement that nobody can repeat is an anecdote. The manifest therefore says which
 * binary ran (by hash and build-id), on what processor under what kernel and governor, and with
 * which of the variables that choose libraries, threads and devices. Other variables are left out:
 * environments hold passwords. So do command lines and what is kept of the environment: secrets are masked
 * there (formats/base/secrets.h).
 */
#include "record/spool/provenance.h"

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "formats/base/memory.h"
#include "formats/base/secrets.h"
#include "formats/base/sha256.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

/* A string of TEXT, which is freed; "(not UTF-8)" keeps the place of what is none. */
static json_t *kept_text(char *text)
{
	json_t *s = json_string(text);

	free(text);
	return s ? s : json_string("(not UTF-8)");
}

/* ---- text files ---- */

/* The first line of a file, printable ASCII, or "". */
static void line_read(const char *path, char *buf, size_t size)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");

	buf[0] = '\0';
	if (!f || !fgets(buf, (int)size, f))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
}

static void put_line(json_t *o, const char *key, const char *path)
{
	char buf[256];

	line_read(path, buf, sizeof(buf));
	if (buf[0])
		json_object_set_new(o, key, json_string(buf));
}

/* What the kernel was started with, which may name keys of disks and services. */
static void put_boot(json_t *o)
{
	char buf[4096];

	line_read("/proc/cmdline", buf, sizeof(buf));
	if (buf[0])
		json_object_set_new(o, "cmdline",
			kept_text(erg_noted(erg_secrets_mask(buf, ERG_SECRET_WORDS))));
}

/* "key\t: value" of /proc/cpuinfo and the like: the first that is there. */
static bool put_field(json_t *o, const char *key, const char *path, const char *field)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	char line[1024];
	size_t len = strlen(field);

	while (f && fgets(line, sizeof(line), f)) {
		char *v = strchr(line, ':');

		if (!v || strncmp(line, field, len) || !strchr(" \t:", line[len]))
			continue;
		v += 1 + strspn(v + 1, " \t");
		v[strcspn(v, "\n")] = '\0';
		return json_object_set_new(o, key, json_string(v)) == 0;
	}
	return false;
}

/* ---- machine ---- */

/* {"policy0": "schedutil", …} */
static json_t *governors(const char *sysfs)
{
	json_t *o = json_object();
	char dir[PATH_MAX];
	struct dirent *e;

	snprintf(dir, sizeof(dir), "%s/devices/system/cpu/cpufreq", sysfs);
	for (_cleanup_(erg_closedirp) DIR *d = opendir(dir); d && (e = readdir(d));) {
		char path[2 * PATH_MAX];

		if (strncmp(e->d_name, "policy", 6))
			continue;
		snprintf(path, sizeof(path), "%s/%s/scaling_governor", dir, e->d_name);
		put_line(o, e->d_name, path);
	}
	return o;
}

static void put_cpu(json_t *o)
{
	static const char *const names[] = {"model name", "Model", "cpu", "Hardware", "machine"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (put_field(o, "cpu_model", "/proc/cpuinfo", names[i]))
			break;
	put_field(o, "microcode", "/proc/cpuinfo", "microcode");
	json_object_set_new(o, "cpus", json_integer(get_nprocs_conf()));
	json_object_set_new(o, "cpus_online", json_integer(get_nprocs()));
}

static void put_virtualization(json_t *o)
{
	_cleanup_(erg_fclosep) FILE *f = fopen("/proc/cpuinfo", "re");
	char line[8192];
	bool guest = false;

	while (f && !guest && fgets(line, sizeof(line), f))
		guest = !strncmp(line, "flags", 5) && strstr(line, " hypervisor");
	json_object_set_new(o, "virtualization", json_string(guest ? "guest" : "none"));
	put_line(o, "hypervisor", "/sys/hypervisor/type");
	put_line(o, "vendor", "/sys/class/dmi/id/sys_vendor");
	put_line(o, "board", "/sys/class/dmi/id/product_name");
	put_line(o, "board", "/proc/device-tree/model");
}

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" */
static void put_os(json_t *o)
{
	_cleanup_(erg_fclosep) FILE *f = fopen("/etc/os-release", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "PRETTY_NAME=\"", 13))
			continue;
		line[strcspn(line, "\n")] = '\0';
		line[13 + strcspn(line + 13, "\"")] = '\0';
		json_object_set_new(o, "os", json_string(line + 13));
	}
}

json_t *erg_provenance_machine(const char *sysfs)
{
	json_t *o = json_object();
	struct utsname u;
	struct sysinfo si;

	put_cpu(o);
	if (uname(&u) == 0) {
		json_object_set_new(o, "hostname", erg_utf8_json(u.nodename));
		json_object_set_new(o, "arch", json_string(u.machine));
		json_object_set_new(o, "kernel", json_sprintf("%s %s", u.sysname, u.release));
		json_object_set_new(o, "kernel_version", json_string(u.version));
	}
	if (sysinfo(&si) == 0)
		json_object_set_new(o, "memory_bytes",
			json_integer((json_int_t)si.totalram * si.mem_unit));
	put_os(o);
	json_object_set_new(o, "governors", governors(sysfs));
	put_line(o, "clocksource",
		"/sys/devices/system/clocksource/clocksource0/current_clocksource");
	put_boot(o);
	put_virtualization(o);
	return o;
}

/* ---- program ---- */

static void note_hex(const unsigned char *desc, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", desc[i]);
}

/* The GNU build-id among the notes at [p, end); hex in RET[129]. */
static bool notes_find(const unsigned char *p, const unsigned char *end, char *ret)
{
	while ((size_t)(end - p) >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) n;
		size_t name, desc;

		memcpy(&n, p, sizeof(n));
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)n.n_descsz + 3) & ~(size_t)3;
		p += sizeof(n);
		if (name > (size_t)(end - p) || desc > (size_t)(end - p) - name)
			return false;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(p, "GNU", 4) &&
			n.n_descsz > 0 && n.n_descsz <= 64) {
			note_hex(p + name, n.n_descsz, ret);
			return true;
		}
		p += name + desc;
	}
	return false;
}

/* Programs of the machine's own word size; others have a hash and no build-id. */
static bool build_id(const unsigned char *map, size_t size, char *ret)
{
	ElfW(Ehdr) eh;
	ElfW(Phdr) ph;

	if (size < sizeof(eh))
		return false;
	memcpy(&eh, map, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
		eh.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return false;
	for (size_t i = 0; i < eh.e_phnum; i++) {
		size_t at = (size_t)eh.e_phoff + i * sizeof(ph);

		if (at > size || size - at < sizeof(ph))
			return false;
		memcpy(&ph, map + at, sizeof(ph));
		if (ph.p_type != PT_NOTE || ph.p_offset > size || ph.p_filesz > size - ph.p_offset)
			continue;
		if (notes_find(map + ph.p_offset, map + ph.p_offset + ph.p_filesz, ret))
			return true;
	}
	return false;
}

static void put_build_id(json_t *o, const char *path)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char id[129];
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return;
	if (build_id(map, (size_t)st.st_size, id))
		json_object_set_new(o, "build_id", json_string(id));
	munmap(map, (size_t)st.st_size);
}

json_t *erg_provenance_file(const char *path)
{
	_cleanup_(erg_freep) char *real = realpath(path, NULL);
	char hash[ERG_SHA256_TEXT];
	json_t *o = json_object();

	json_object_set_new(o, "path", erg_utf8_json(real ? real : path));
	if (erg_sha256_file(path, hash))
		json_object_set_new(o, "sha256", json_string(hash));
	put_build_id(o, path);
	return o;
}

/* ---- environment and time ---- */

static const char *const kept[] = {
	"OMP_",
	"KMP_",
	"GOMP_",
	"OPENBLAS_",
	"MKL_",
	"BLIS_",
	"CUDA_",
	"NVIDIA_",
	"HIP_",
	"ROCR_",
	"TF_CPP_",
	"TF_XLA_",
	"TF_NUM_",
	"TF_ENABLE_",
	"TF_GPU_",
	"TORCH_",
	"PYTORCH_",
	"PYTHON",
	"ONNX",
	"ERG_",
	"LD_PRELOAD=",
	"LD_LIBRARY_PATH=",
	"LTTNG_UST_",
	"MALLOC_",
	"GLIBC_TUNABLES=",
	"PATH=",
	"LANG=",
	"LC_ALL=",
	"CONDA_PREFIX=",
	"VIRTUAL_ENV=",
	"SLURM_JOB_ID=",
};

/* NVIDIA_API_KEY begins like NVIDIA_VISIBLE_DEVICES; ERG_JOIN is of this run only, and holds a token. */
static bool may_be_secret(const char *name)
{
	static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH",
		"ERG_JOIN"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

json_t *erg_provenance_word(char *const *argv, int i)
{
	return kept_text(erg_noted(erg_secrets_word(argv, i)));
}

json_t *erg_provenance_command(const char *command)
{
	return kept_text(erg_noted(erg_secrets_mask(command, ERG_SECRET_COMMAND)));
}

json_t *erg_provenance_environment(char *const *envp)
{
	json_t *o = json_object();

	for (; *envp; envp++) {
		const char *eq = strchr(*envp, '=');
		_cleanup_(erg_freep) char *name = eq ? strndup(*envp, (size_t)(eq - *envp)) : NULL;

		for (size_t i = 0; name && i < ERG_ARRAY_SIZE(kept); i++)
			if (!strncmp(*envp, kept[i], strlen(kept[i])) && !may_be_secret(name))
				json_object_set_new(o, name,
					kept_text(erg_noted(
						erg_secrets_mask(eq + 1, ERG_SECRET_VALUE))));
	}
	return o;
}

void erg_provenance_clock(uint64_t *ret_realtime_ns, uint64_t *ret_monotonic_ns)
{
	struct timespec ts;
	uint64_t before = erg_mono_ns();
	uint64_t after;

	clock_gettime(CLOCK_REALTIME, &ts);
	after = erg_mono_ns();
	*ret_realtime_ns = (uint64_t)ts.tv_sec * ERG_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	*ret_monotonic_ns = before + (after - before) / 2;
}

json_t *erg_provenance_utc(unsigned long long realtime_ns)
{
	time_t t = (time_t)(realtime_ns / ERG_NSEC_PER_SEC);
	struct tm tm;
	char buf[32];

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(buf);
}
