/* SPDX-License-Identifier: MIT */
/* Networks by their file or their name. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/beside.h"
#include "formats/base/order.h"
#include "formats/base/util.h"
#include "formats/net/net.h"

static int read_all(FILE *f, const char *path, char **ret, size_t *ret_len, struct erg_err *err)
{
	_cleanup_(erg_freep) char *buf = malloc(ERG_NET_FILE_MAX + 1);
	size_t len;

	if (!buf)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	len = fread(buf, 1, ERG_NET_FILE_MAX + 1, f);
	if (ferror(f))
		return erg_fail_errno(err, -EIO, "%s: cannot be read", path);
	if (len > ERG_NET_FILE_MAX)
		return erg_fail(err, -EFBIG, "%s: more than %u bytes; is it a network description?",
			path, ERG_NET_FILE_MAX);
	*ret = erg_steal_ptr(&buf);
	*ret_len = len;
	return 0;
}

int erg_net_read(const char *path, struct erg_net **ret, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	_cleanup_(erg_freep) char *text = NULL;
	struct stat st;
	size_t len = 0;
	int r;

	if (!f)
		return erg_fail_errno(err, -errno, "%s: cannot be opened", path);
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		return erg_fail(err, -EISDIR, "%s: a directory; expected a network description",
			path);
	r = read_all(f, path, &text, &len, err);
	if (r < 0)
		return r;
	return erg_net_parse(path, text, len, ret, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_network_file(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".net") == 0;
}

/* " a b c": the names of the networks in DIR, as many as fit. */
static void list_networks(const char *dir, char *buf, size_t size)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(dir);
	char *names[64];
	size_t n = 0, len = 0;

	buf[0] = '\0';
	for (struct dirent *e; d && n < ERG_ARRAY_SIZE(names) && (e = readdir(d));)
		if (is_network_file(e->d_name) && (names[n] = strdup(e->d_name)))
			n++;
	erg_sort(names, n, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < n; i++) {
		int w = snprintf(buf + len, size - len, " %.*s", (int)(strlen(names[i]) - 4),
			names[i]);

		if (w > 0 && (size_t)w < size - len)
			len += (size_t)w;
		else
			buf[len] = '\0';
		free(names[i]);
	}
}

int erg_net_locate(const char *what, const char *dir, char **ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *path = NULL;
	char there[512];

	if (strchr(what, '/') || is_network_file(what))
		path = strdup(what);
	else if (asprintf(&path, "%s/%s.net", dir, what) < 0)
		path = NULL;
	if (!path)
		return erg_fail_errno(err, -ENOMEM, "%s", what);
	if (access(path, F_OK) < 0) {
		int e = -errno;

		list_networks(dir, there, sizeof(there));
		return erg_fail(err, e, "%s: no such network; in %s there is%s", what, dir,
			there[0] ? there : " none (--networks DIR)");
	}
	*ret = erg_steal_ptr(&path);
	return 0;
}

int erg_net_default_dir(char **ret, struct erg_err *err)
{
	/* Seen from the directory of the program: itself, another room, a room's subdirectory. */
	static const char *const places[] = {"networks", "../examples/convnet/networks",
		"../../examples/convnet/networks", "../share/ergtrace/networks"};
	const char *env = getenv("ERG_NETWORKS");
	const char *found = env && *env ? env : NULL;
	char dir[PATH_MAX];

	for (size_t i = 0; !found && i < ERG_ARRAY_SIZE(places); i++)
		if (erg_beside(places[i], R_OK | X_OK, dir, sizeof(dir)))
			found = dir;
	*ret = strdup(found ? found : ERG_NETWORKS_DIR);
	return *ret ? 0 : erg_fail_errno(err, -ENOMEM, "directory of networks");
}
