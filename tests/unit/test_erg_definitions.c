/* SPDX-License-Identifier: MIT */
/* Definitions of layers: their texts and their ids. */
#include "tests/unit/erg_fixture.h"

static void texts_become_valid_and_stay_different(void **state)
{
	char a[ERG_TEXT_MAX], b[ERG_TEXT_MAX];
	char *big = malloc((1u << 20) + 1);

	assert_non_null(big);
	assert_int_equal(erg_text_clean(a, NULL), 0);
	assert_int_equal(erg_text_clean(a, "fire2/Größe"), strlen("fire2/Größe"));
	assert_string_equal(a, "fire2/Größe");
	erg_text_clean(a, "x\xff\xc0\xafy");
	assert_memory_equal(a, "x???y~", 6);
	assert_int_equal(strlen(a), 14);
	erg_text_clean(a, "\xed\xa0\x80");
	erg_text_clean(b, "\xed\xa0\x81");
	assert_memory_equal(a, "???~", 4);
	assert_string_not_equal(a, b);
	erg_text_clean(a, "cut\xe2\x82");
	assert_memory_equal(a, "cut??~", 6);
	memset(big, 'n', 1u << 20);
	big[1u << 20] = '\0';
	assert_int_equal(erg_text_clean(a, big), ERG_TEXT_MAX - 1);
	big[(1u << 20) - 1] = 'm';
	erg_text_clean(b, big);
	assert_string_not_equal(a, b);
	free(big);
}

static void definitions_are_dense_and_idempotent(void **state)
{
	uint32_t before = erg_registry_layers(), net = erg_network("dense"), mod, l;
	struct erg_layer_info i = {.size = sizeof(i),
		.name = "m/conv",
		.type = "conv",
		.macs = 7,
		.in_dims = 200,
		.in_shape = {3, 4, 5}};

	assert_int_equal(net, before + 1);
	mod = erg_module(net, "m", "fire");
	l = erg_layer(mod, &i);
	assert_int_equal(mod, net + 1);
	assert_int_equal(l, mod + 1);
	assert_int_equal(erg_layer(mod, &i), l);
	assert_int_equal(erg_network("dense"), net);
	assert_int_not_equal(layer_named(net, "m/conv"), l);
	assert_int_equal(n_defined, 4);
	assert_string_equal(erg_registry_get(l)->network, "dense");
	assert_int_equal(erg_registry_get(l)->macs, 7);
	assert_int_equal(erg_registry_get(l)->in_dims, ERG_MAX_DIMS);
	assert_int_equal(erg_registry_get(l)->in_shape[2], 5);
	assert_int_equal(layer_named(net, NULL), layer_named(net, ""));
	assert_null(erg_registry_get(0));
	assert_null(erg_registry_get(erg_registry_layers() + 1));
	assert_int_equal(erg_layer(net, NULL), 0);
	/* An unknown parent is none. */
	assert_int_equal(erg_registry_get(erg_module(1u << 30, "orphan", "x"))->parent, 0);
}

static void an_older_and_shorter_info_is_accepted(void **state)
{
	struct erg_layer_info i = {.size = offsetof(struct erg_layer_info, macs),
		.name = "short",
		.type = "conv",
		.macs = 99};

	assert_int_equal(erg_registry_get(erg_layer(0, &i))->macs, 0);
}

static void *define_many(void *arg)
{
	uint32_t *ids = arg;
	char name[32];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "many%d", i);
		ids[i] = layer_named(0, name);
	}
	return NULL;
}

static void threads_that_define_the_same_get_the_same(void **state)
{
	static uint32_t ids[4][3000];
	uint32_t before = erg_registry_layers();
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, define_many, ids[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(erg_registry_layers(), before + 3000);
	for (int i = 1; i < 4; i++)
		assert_memory_equal(ids[i], ids[0], sizeof(ids[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(texts_become_valid_and_stay_different),
		CASE(definitions_are_dense_and_idempotent),
		CASE(an_older_and_shorter_info_is_accepted),
		CASE(threads_that_define_the_same_get_the_same),
	};

	return RUN("erg-definitions", tests);
}
