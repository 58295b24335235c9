/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ARCHIVE_LAYOUT_H
#define ERG_FORMATS_ARCHIVE_LAYOUT_H

/*
 * The numbers of formats/FORMAT.md that the writer and the reader of archives share; private to
 * this folder. Frames and skippable frames: RFC 8878. Seek table: zstd's "seekable format" 0.1.0.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ERG_ZSTD_MAGIC 0xFD2FB528u
#define ERG_SEEK_SKIPPABLE_MAGIC 0x184D2A5Eu
#define ERG_SEEK_FOOTER_MAGIC 0x8F92EAB1u
#define ERG_SEEK_FOOTER_SIZE 9u
#define ERG_SEEK_HEADER_SIZE 8u
#define ERG_SEEK_ENTRY_SIZE 12u      /* with checksum */
#define ERG_SEEK_CHECKSUM_FLAG 0x80u /* the only descriptor that is written and accepted */
/* The digest frame, last before the seek table: a skippable frame with 8 bytes of label and the
 * SHA-256 of every byte of the file before it. It has an entry in the seek table: no content, whose
 * XXH64 ends in these bits. */
#define ERG_DIGEST_SKIPPABLE_MAGIC 0x184D2A5Du
#define ERG_DIGEST_LABEL "ergsha2\n"
#define ERG_DIGEST_LABEL_SIZE 8u
#define ERG_DIGEST_FRAME_SIZE (8u + ERG_DIGEST_LABEL_SIZE + 32u)
#define ERG_XXH64_OF_NOTHING 0x51D8E999u

#define ERG_SEEK_FRAMES_MAX 0x8000000u

/* Frame_Header_Descriptor of every frame: a window descriptor follows, a checksum ends the frame. */
#define ERG_FRAME_DESCRIPTOR 0x04u

/* A member continues in another frame after this many bytes of tar: the seek table has 32 bits. */
#define ERG_FRAME_CONTENT_MAX (256u << 20)

#define ERG_TAR_BLOCK 512u
/* Headers of one member, pax attributes included, are refused beyond this. */
#define ERG_TAR_HEADER_MAX (32u << 10)

#define ERG_ARCHIVE_NAME_MAX 4096u
#define ERG_ARCHIVE_MEMBERS_MAX 10000000u
#define ERG_ARCHIVE_SUMS "SHA256SUMS"

static inline uint32_t erg_get_le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void erg_put_le32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

/* A path that any system unpacks to the same place, below the folder it is in. */
static inline bool erg_archive_name_valid(const char *name)
{
	if (!*name || *name == '/' || strlen(name) > ERG_ARCHIVE_NAME_MAX)
		return false;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
			return false;
	for (const char *p = name; p; p = strchr(p, '/'), p = p ? p + 1 : NULL) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len == 1 && *p == '.') || (len == 2 && !strncmp(p, "..", 2)))
			return false;
	}
	return true;
}

#endif
