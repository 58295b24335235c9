/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a network of darknet with the random weights that darknet begins with, on random pixels, or
 * trains it on them. Knows nothing of ergtrace: the layers come from the preloaded adapter.
 *
 *	darknet-net CFG [N]		N inferences of a batch of 1
 *	darknet-net --train CFG [N]	N training steps of the batch of the file
 */
#include <darknet.h>
#include <errno.h>
#include <limits.h>

static int usage(void)
{
	fputs("usage: darknet-net [--train] FILE.cfg [N]\n", stderr);
	return 2;
}

static float *noise(size_t n)
{
	float *to = malloc(n * sizeof(*to));

	for (size_t i = 0; to && i < n; i++)
		to[i] = rand_uniform(0, 1);
	return to;
}

/* Without weights a batch normalisation would divide by a variance of 0. */
static void unit_variance(struct layer *l)
{
	struct layer *const inner[] = {l->input_layer, l->self_layer, l->output_layer};
	int n = l->type == CONNECTED ? l->outputs : l->type == BATCHNORM ? l->c : l->n;

	if (l->batch_normalize && l->rolling_variance &&
		(l->type == CONVOLUTIONAL || l->type == CONNECTED || l->type == BATCHNORM))
		for (int i = 0; i < n; i++)
			l->rolling_variance[i] = 1;
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		if (inner[i])
			unit_variance(inner[i]);
}

/* The largest output. */
static float infer(network *net, const float *input)
{
	const float *out = network_predict(net, (float *)input);
	float most = out[0];

	for (int i = 1; i < net->outputs; i++)
		if (out[i] > most)
			most = out[i];
	return most;
}

static float train(network *net, const float *input)
{
	memcpy(net->input, input, (size_t)net->batch * (size_t)net->inputs * sizeof(*input));
	memset(net->truth, 0, (size_t)net->batch * (size_t)net->truths * sizeof(*input));
	net->train = 1;
	return train_network_datum(net);
}

int main(int argc, char **argv)
{
	int training = argc > 1 && !strcmp(argv[1], "--train"), at = 1 + training;
	float *input, value = 0;
	char *end = NULL;
	network *net;
	long n = 1;

	if (argc <= at || argc > at + 2)
		return usage();
	if (argc == at + 2) {
		errno = 0;
		n = strtol(argv[at + 1], &end, 10);
		if (errno || *end || end == argv[at + 1] || n < 1 || n > INT_MAX)
			return usage();
	}
	srand(1);
	net = load_network(argv[at], NULL, 0);
	for (int i = 0; i < net->n; i++)
		unit_variance(&net->layers[i]);
	if (!training)
		set_batch_network(net, 1);
	input = noise((size_t)net->inputs * (size_t)net->batch);
	if (!input)
		return 1;
	for (long i = 0; i < n; i++)
		value = training ? train(net, input) : infer(net, input);
	printf("%d layers, %s %.6g\n", net->n, training ? "loss" : "largest output", (double)value);
	free(input);
	free_network(net);
	return 0;
}
