/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Network descriptions: the work and size of the seven networks against the published totals, the
 * shapes of rounding and padding, and where errors are said to be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/net/net.h"
#include "formats/base/util.h"

static const struct {
	const char *name;
	uint64_t conv, fc, params;
} published[] = {
	{"alexnet", 665784864, 58621952, 60965224},
	{"googlenet", 1581647872, 1024000, 6998552},
	{"vgg16", 15346630656, 123633664, 138357544},
	{"resnet50", 3855925248, 2048000, 0},
	{"squeezenet1.0", 861339936, 0, 1248424},
	{"squeezenet1.1", 387747520, 0, 1235496},
	{"mobilenet1", 567716352, 1024000, 0},
};

static void test_published(void **state)
{
	_cleanup_(erg_freep) char *dir = NULL;
	struct erg_err err = {0};

	assert_int_equal(erg_net_default_dir(&dir, &err), 0);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(published); i++) {
		_cleanup_(erg_net_freep) struct erg_net *net = NULL;
		_cleanup_(erg_freep) char *path = NULL;

		if (erg_net_locate(published[i].name, dir, &path, &err) < 0 ||
			erg_net_read(path, &net, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(net->name, published[i].name);
		assert_int_equal(erg_net_macs(net, ERG_NET_CONV), published[i].conv);
		assert_int_equal(erg_net_macs(net, ERG_NET_FC), published[i].fc);
		assert_int_equal(erg_net_macs(net, -1), published[i].conv + published[i].fc);
		if (published[i].params)
			assert_int_equal(erg_net_params(net), published[i].params);
		assert_int_equal(erg_net_elements(net->layers[net->n_layers - 1].out), 1000);
	}
}

static struct erg_net *parse(const char *text)
{
	struct erg_err err = {0};
	struct erg_net *net = NULL;

	if (erg_net_parse("t.net", text, strlen(text), &net, &err) < 0)
		fail_msg("%s", err.msg);
	return net;
}

static void assert_shape(const struct erg_net *net, uint32_t i, uint32_t c, uint32_t h, uint32_t w)
{
	assert_true(i < net->n_layers);
	assert_int_equal(net->layers[i].out.c, c);
	assert_int_equal(net->layers[i].out.h, h);
	assert_int_equal(net->layers[i].out.w, w);
}

static void test_shapes(void **state)
{
	_cleanup_(erg_net_freep) struct erg_net *net = parse(
		"network t # comment\r\n"
		"\n"
		"input 4x113x9\n"
		"maxpool floor k=2 s=2 from=input\n"
		"maxpool up k=2 s=2 ceil from=input\n"
		"maxpool drop k=1 s=3 ceil from=input\n" /* 112/3 up + 1 = 39: begins at 114: dropped */
		"avgpool all global from=input\n"
		"conv wide out=6 k=1x3 s=2x1 p=0x1 groups=2 from=input\n"
		"conv dw out=4 groups=4 k=3 p=1 nobias from=input\n"
		"module a b\n"
		"\tmodule c d\n"
		"\t\tconcat cat from=input,dw\n"
		"\tend\n"
		"\teltwise sum from=dw,input op=max\n"
		"end\n"
		"fc fc out=7\n");

	assert_int_equal(net->n_layers, 10);
	assert_shape(net, 1, 4, 56, 4);
	assert_shape(net, 2, 4, 57, 5);
	assert_shape(net, 3, 4, 38, 3);
	assert_shape(net, 4, 4, 1, 1);
	assert_shape(net, 5, 6, 57, 9);
	assert_int_equal(net->layers[5].macs, 57u * 9 * 6 * 2 * 3);
	assert_int_equal(net->layers[5].params, 6 * 2 * 3 + 6);
	assert_string_equal(erg_net_type(&net->layers[5]), "conv");
	assert_string_equal(erg_net_type(&net->layers[6]), "dwconv");
	assert_int_equal(net->layers[6].params, 36);
	assert_shape(net, 7, 8, 113, 9);
	assert_int_equal(net->layers[7].bytes_in, 2 * 4 * 113 * 9 * 4);
	assert_int_equal(net->layers[9].macs, 7 * 4 * 113 * 9);
	assert_int_equal(net->n_modules, 2);
	assert_int_equal(net->modules[1].parent, 0);
	assert_int_equal(net->modules[1].first, 7);
	assert_int_equal(net->modules[1].end, 8);
	assert_int_equal(net->modules[0].end, 9);
	assert_int_equal(net->layers[7].module, 1);
	assert_int_equal(net->layers[8].module, 0);
	assert_int_equal(net->layers[9].module, ERG_NET_NONE);
}

static const struct {
	const char *text, *message;
} wrong[] = {
	{"", "t.net: no \"network NAME\" line"},
	{"network a\n", "t.net: no layer"},
	{"network a b\n", "t.net:1:11: expected \"network NAME\""},
	{"network a\nrelu r\n", "t.net:2:1: expected \"input CxHxW\""},
	{"network a\ninput 3x0x5\n", "t.net:2:7: \"3x0x5\": expected channels"},
	{"network a\ninput 3x99999x5\n", "t.net:2:7: \"3x99999x5\""},
	{"network a\ninput 3x5\n", "t.net:2:7"},
	{"network a\ninput 3x5x5\nconv c k=3\n", "t.net:3:1: c: expected out=N"},
	{"network a\ninput 3x5x5\nconv c out=3\n", "t.net:3:1: c: expected k=N"},
	{"network a\ninput 3x5x5\n  conv c out=3 k=7\n", "t.net:3:3: c: a kernel of 7"},
	{"network a\ninput 3x5x5\nconv c out=3 k=-1\n", "t.net:3:16: \"-1\""},
	{"network a\ninput 3x5x5\nconv c out=3 k=3 q=1\n",
		"t.net:3:18: conv has no attribute \"q\""},
	{"network a\ninput 3x5x5\nconv c out k=3\n", "t.net:3:8: \"out\" needs a value"},
	{"network a\ninput 3x5x5\nrelu c relu\n", "t.net:3:8: relu has no attribute"},
	{"network a\ninput 3x5x5\nrelu c from=b\n", "t.net:3:13: no layer \"b\""},
	{"network a\ninput 3x5x5\nrelu c from=input,\n", "t.net:3:19: no layer \"\""},
	{"network a\ninput 3x5x5\nrelu c from=input,input\n", "t.net:3:1: c: 2 inputs"},
	{"network a\ninput 3x5x5\nrelu c\nrelu c\n", "t.net:4:6: a second layer \"c\""},
	{"network a\ninput 3x5x5\nrelu \"c\"\n", "t.net:3:6: layer name \"\"c\"\""},
	{"network a\ninput 3x5x5\nconv c out=4 k=1 groups=2\n", "t.net:3:1: c: 2 groups"},
	{"network a\ninput 3x5x5\nlrn l alpha=x\n", "t.net:3:13: \"x\": expected a number"},
	{"network a\ninput 3x5x5\nlrn l size=4\n", "t.net:3:1: l: size=4"},
	{"network a\ninput 3x5x5\nend\n", "t.net:3:1: \"end\" without"},
	{"network a\ninput 3x5x5\nmodule m t\nrelu r\n", "t.net:4: module m has no"},
	{"network a\ninput 3x5x5\nmodule m t\nend\n", "t.net:4:1: module m has no layer"},
	{"network a\ninput 3x5x5\nfoo r\n", "t.net:3:1: \"foo\": expected network"},
	{"network a\ninput 3x5x5\nrelu r\001\n", "t.net:3:7: byte 0x01"},
	{"network a\ninput 3x5x5\navgpool p k=2\nconcat c from=p,input\n",
		"t.net:4:1: c: input is 5x5"},
	{"network a\ninput 3x65536x65536\nrelu r\n", "t.net:2:1: input: an output of"},
	{"network a\ninput 3x9000x9000\nfc f out=60000\n", "t.net:3:1: f: "},
};

static void test_errors(void **state)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(wrong); i++) {
		struct erg_err err = {0};
		struct erg_net *net = NULL;

		if (erg_net_parse("t.net", wrong[i].text, strlen(wrong[i].text), &net, &err) >= 0)
			fail_msg("accepted: %s", wrong[i].text);
		assert_null(net);
		if (strncmp(err.msg, wrong[i].message, strlen(wrong[i].message)))
			fail_msg("\"%s\"; expected \"%s…\"", err.msg, wrong[i].message);
	}
}

/* No cut and no changed byte of a good description does worse than an error. */
static void test_damage(void **state)
{
	char text[] = "network a\ninput 3x9x9\nmodule m t\n\tconv c out=3 k=3x1 bn relu6\nend\n"
		      "lrn l alpha=1e-4 beta=0.75\nconcat d from=c,l\n";

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		for (int bit = -1; bit < 8; bit++) {
			struct erg_err err = {0};
			struct erg_net *net = NULL;
			char saved = text[i];
			size_t len = bit < 0 ? i : sizeof(text) - 1;

			if (bit >= 0)
				text[i] = (char)(text[i] ^ (1 << bit));
			if (erg_net_parse("t.net", text, len, &net, &err) < 0)
				assert_true(err.msg[0] != '\0');
			erg_net_free(net);
			text[i] = saved;
		}
}

static void test_locate(void **state)
{
	_cleanup_(erg_freep) char *dir = NULL, *path = NULL;
	struct erg_err err = {0};

	assert_int_equal(erg_net_default_dir(&dir, &err), 0);
	assert_true(erg_net_locate("squeezenet", dir, &path, &err) < 0);
	assert_non_null(strstr(err.msg, "alexnet googlenet"));
	assert_true(erg_net_locate("./none.net", dir, &path, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_locate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
