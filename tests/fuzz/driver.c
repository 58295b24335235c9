/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plain driver of the fuzz targets, for compilers without libFuzzer and for runs that repeat:
 * `fuzz-X [-n N] [-s SEED] FILE…` gives the target each file, then N mutations of each: flipped
 * bits, changed bytes, a cut, a piece left out, a piece repeated, a piece of another file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

static size_t below(size_t n)
{
	state ^= state << 13; /* xorshift64, Marsaglia 2003 */
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (size_t)(state % n) : 0;
}

struct input {
	uint8_t *data;
	size_t len;
};

static struct input load(const char *path)
{
	struct input in = {malloc(INPUT_MAX), 0};
	FILE *f = fopen(path, "rb");

	if (!f || !in.data) {
		perror(path);
		exit(1);
	}
	in.len = fread(in.data, 1, INPUT_MAX, f);
	fclose(f);
	return in;
}

static size_t mutate(uint8_t *buf, size_t len, const struct input *other)
{
	size_t at = below(len), n = below(len - at < 64 ? len - at : 64);

	switch (below(6)) {
	case 0:
		buf[at] ^= (uint8_t)(1u << below(8));
		return len;
	case 1:
		buf[at] = (uint8_t)below(256);
		return len;
	case 2:
		return at;
	case 3:
		memmove(buf + at, buf + at + n, len - at - n);
		return len - n;
	case 4:
		if (len + n > 2 * INPUT_MAX)
			return len;
		memmove(buf + at + n, buf + at, len - at);
		return len + n;
	default:
		if (n > other->len)
			return len;
		memcpy(buf + at, other->data + below(other->len - n), n);
		return len;
	}
}

int main(int argc, char **argv)
{
	struct input *in = calloc((size_t)argc + 1, sizeof(*in));
	uint8_t *buf = malloc(2 * INPUT_MAX + 64);
	unsigned long n = 0, seed = 1;
	int c, files;

	while ((c = getopt(argc, argv, "n:s:")) != -1) {
		if (c != 'n' && c != 's')
			return 2;
		*(c == 'n' ? &n : &seed) = strtoul(optarg, NULL, 10);
	}
	argv += optind; /* which a target may use for itself */
	files = argc - optind;
	if (!in || !buf || files == 0)
		return 2;
	state = 0x9e3779b97f4a7c15u ^ seed;
	for (int i = 0; i < files; i++) {
		in[i] = load(argv[i]);
		LLVMFuzzerTestOneInput(in[i].data, in[i].len);
	}
	for (unsigned long k = 0; k < n * (unsigned long)files; k++) {
		const struct input *from = &in[k % (unsigned long)files];
		size_t len = from->len, times = 1 + below(4);

		memcpy(buf, from->data, len);
		while (times-- > 0 && len > 0)
			len = mutate(buf, len, &in[below((size_t)files)]);
		LLVMFuzzerTestOneInput(buf, len);
	}
	printf("%d files, %lu mutations each\n", files, n);
	for (int i = 0; i < files; i++)
		free(in[i].data);
	free(in);
	free(buf);
	return 0;
}
