/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_FOLDERS_H
#define ERG_FORMATS_FOLDERS_H

/* Makes the folder PATH, which is not empty, and what is missing above it, as mkdir -p does. The text of PATH
 * is changed and put back. 0 or -errno. */
int erg_folders_make(char *path);

#endif
