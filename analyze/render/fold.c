/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of text that are wider than the terminal: folded at their spaces, but not between a number and its unit. */
#include <stdbool.h>
#include <string.h>

#include "analyze/render/table.h"

/* Bytes of the character, or of the sequence of colour, that TEXT begins with; *RET_CELLS columns of it. */
static size_t one_of(const char *text, unsigned int *ret_cells)
{
	char one[8] = {text[0]};
	size_t n = 1;

	*ret_cells = 0;
	if (text[0] == '\033')
		return text[1] == '[' ? strcspn(text, "m") + (strchr(text, 'm') != NULL) : 1;
	for (; ((unsigned char)text[n] & 0xc0) == 0x80 && n + 1 < sizeof(one); n++)
		one[n] = text[n];
	*ret_cells = n == 1 ? 1 : (unsigned int)erg_text_cells(one);
	return n;
}

/* Where the rest of a line stands: beneath what follows its label ("command    ./infer"), else two in. */
static unsigned int indent_of(const char *line, size_t len)
{
	unsigned int column = 0, cells;
	bool gap = false;

	for (size_t i = 0, n; i < len && column < 16; i += n, column += cells) {
		n = one_of(line + i, &cells);
		if (gap && cells && line[i] != ' ')
			return column;
		gap = gap ||
			(line[i] == ' ' && (i + 1 < len) &&
				(line[i + 1] == ' ' || line[i + 1] == '\033'));
	}
	return 2;
}

/* Whether the space at I stands within a number and its unit: "1.002 ms", "15 %", "2.0 ±0.1 J". */
static bool before_unit(const char *line, size_t i)
{
	size_t n = strcspn(line + i + 1, " ,;)\n");

	return i && line[i - 1] >= '0' && line[i - 1] <= '9' && n &&
		(!strncmp(line + i + 1, "±", 2) ||
			(n <= 3 && !(line[i + 1] >= '0' && line[i + 1] <= '9')));
}

static void fold_line(FILE *out, const char *line, size_t len, unsigned int width)
{
	unsigned int indent = indent_of(line, len), column = 0, cells;
	size_t begin = 0, space = 0;

	for (size_t i = 0, n; i < len; i += n, column += cells) {
		n = one_of(line + i, &cells);
		if (line[i] == ' ' && line[i + 1] != ' ' && column > indent &&
			!before_unit(line, i))
			space = i;
		if (!width || column + cells <= width || space <= begin)
			continue;
		for (i = space; line[i - 1] == ' ';)
			i--;
		fprintf(out, "%.*s\n%*s", (int)(i - begin), line + begin, (int)indent, "");
		i = begin = space + 1;
		n = cells = 0;
		column = indent;
		space = 0;
	}
	fwrite(line + begin, 1, len - begin, out);
}

void erg_text_folded(FILE *out, const char *text, unsigned int width)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		fold_line(out, text, len, width);
		text += len;
		if (*text == '\n')
			fputc(*text++, out);
	}
}
