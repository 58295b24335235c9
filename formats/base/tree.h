/* SPDX-License-Identifier: MIT */
#ifndef ERG_TREE_H
#define ERG_TREE_H

/*
 * What is done with a whole directory. All of it goes by descriptors and never follows a symbolic
 * link, so that nobody who can write in a folder above can turn it to another place on the way.
 */
#include <stdint.h>
#include <sys/stat.h>

/* Bytes on disk of the regular files below PATH (st_blocks); what cannot be read counts nothing. */
uint64_t erg_tree_bytes(const char *path);

/* Removes PATH and all below it; what is not there is no error. The first errno otherwise, negative,
 * after everything that can be removed is gone. */
int erg_tree_remove(const char *path);

/* Removes all that is in the directory FD, which stays open and stays. */
int erg_tree_clear(int fd);

/*
 * Calls FN for each regular file below PATH, in the order of their names, with its path and status.
 * A result other than 0 ends the walk and is returned. -errno when PATH cannot be read. The files of
 * one folder are listed before FN sees the first of them.
 */
int erg_tree_each_file(const char *path,
	int (*fn)(void *data, const char *path, const struct stat *st), void *data);
/* And OTHER for what is neither that nor a directory, as links are: with 0, or with -errno of what cannot be read. */
int erg_tree_each(const char *path, int (*fn)(void *data, const char *path, const struct stat *st),
	int (*other)(void *data, const char *path, int error), void *data);

/*
 * Calls FN for PATH, where it is a directory, and for each directory below it, before what is in it and in
 * the order of their names. ERG_TREE_SKIP leaves out what is in it; any other result than 0 ends the walk
 * and is returned. -errno when PATH cannot be read.
 */
#define ERG_TREE_SKIP 1
int erg_tree_each_folder(const char *path, int (*fn)(void *data, const char *path), void *data);

#endif
