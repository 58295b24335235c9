# erg_inline.h: the functions of erg.h without a library to link; and what erg.h promises beside them.
# bats file_tags=apart
load helpers
load lttng

programs=(inline-app scope-app nosize-app)
test_setup() { lttng_setup; }

build_inline() {
    cat >app.c <<'C'
#include <stdio.h>
#include "erg_inline.h"
int main(void)
{
	uint32_t net, conv;

	erg_begin(7); /* before any definition: no layer */
	net = erg_network("net");
	struct erg_layer_info info = {.size = sizeof(info), .name = "conv1", .type = "conv", .macs = 42};
	conv = erg_layer(net, &info);
	for (uint32_t i = 0; i < 3; i++) {
		erg_iteration(i);
		erg_begin(conv);
		erg_end(conv);
	}
	printf("%u %u %d\n", (unsigned)net, (unsigned)conv, erg_now_ns() > 0);
	return 0;
}
C
    cc -std=c99 -Wall -Wextra -Werror -Wpedantic "$@" -I"$ERG_SRC/tracepoints" -o inline-app app.c -ldl
}

@test "without liberg every call of erg_inline.h does nothing, and nothing is linked" {
    skip_unless cc ldd
    build_inline
    run ldd inline-app
    [ -z "$(grep -E 'erg|lttng' <<<"$output")" ]
    [ "$(LD_LIBRARY_PATH= ./inline-app)" = "0 0 0" ]
}

@test "erg_inline.h finds liberg at the first definition" {
    skip_unless cc
    build_inline
    start a
    LD_LIBRARY_PATH=$ERG_BUILD/tracepoints ./inline-app >out
    stop a
    [ "$(cat out)" = "1 2 1" ]
    [ "$(events a 'layer: .*{ id = 2,')" -eq 3 ]
    [ "$(events a 'layer_define.*name = "conv1", type = "conv", network = "net", macs = 42')" -eq 1 ]
}

@test "ERG_DISABLE takes the calls out, compiled or at run time" {
    skip_unless cc nm
    build_inline
    [ "$(LD_LIBRARY_PATH=$ERG_BUILD/tracepoints ERG_DISABLE=1 ./inline-app)" = "0 0 0" ]
    build_inline -DERG_DISABLE
    run nm -u inline-app
    [ -z "$(grep -E 'dlopen|dlsym' <<<"$output")" ]
    [ "$(LD_LIBRARY_PATH=$ERG_BUILD/tracepoints ./inline-app)" = "0 0 0" ]
}

@test "threads that define at once all get layers from erg_inline.h" {
    skip_unless cc
    cat >app.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include "erg_inline.h"
static uint32_t id[16];
static void *define(void *at)
{
	char name[8];
	snprintf(name, sizeof(name), "l%d", (int)((uint32_t *)at - id));
	struct erg_layer_info info = {.size = sizeof(info), .name = name};
	*(uint32_t *)at = erg_layer(0, &info);
	return NULL;
}
int main(void)
{
	pthread_t t[16];
	int none = 0;
	for (int i = 0; i < 16; i++)
		pthread_create(&t[i], NULL, define, &id[i]);
	for (int i = 0; i < 16; i++) {
		pthread_join(t[i], NULL);
		none += !id[i];
	}
	printf("%d\n", none);
	return 0;
}
C
    cc -std=gnu11 -Wall -Werror -I"$ERG_SRC/tracepoints" -pthread -o inline-app app.c -ldl
    for _ in 1 2 3 4 5; do
        [ "$(LD_LIBRARY_PATH=$ERG_BUILD/tracepoints ./inline-app)" = 0 ]
    done
}

@test "the guards of C++ end what they began, also when an exception leaves" {
    skip_unless g++
    cat >app.cc <<'C'
#include <stdexcept>
#include <erg.h>
static void infer(uint32_t outer, uint32_t inner, bool fails)
{
	erg::phase p("inference");
	erg::scope o(outer);
	erg::scope i(inner);
	if (fails)
		throw std::runtime_error("no");
}
int main()
{
	uint32_t net = erg_network("net"), block = erg_module(net, "block", "block");
	infer(net, block, false);
	try {
		infer(net, block, true);
	} catch (const std::exception &) {
	}
	return 0;
}
C
    g++ -std=c++11 -Wall -Wextra -Werror -I"$ERG_SRC/tracepoints" -o scope-app app.cc -L"$ERG_BUILD/tracepoints" -lerg
    start a
    LD_LIBRARY_PATH=$ERG_BUILD/tracepoints ./scope-app
    stop a
    [ "$(events a 'layer: .*{ id = 1,')" -eq 2 ]
    [ "$(events a 'layer: .*{ id = 2,')" -eq 2 ]
    [ "$(events a 'phase_end.*name = "inference"')" -eq 2 ]
}

@test "a layer whose size or name was forgotten is none, and the trace says so" {
    skip_unless cc
    cat >app.c <<'C'
#include <erg.h>
#include <stdio.h>
int main(void)
{
	uint32_t n = erg_network("net");
	struct erg_layer_info a = {.name = "conv1"}, b = {.size = sizeof(b)}, c = {.size = sizeof(c), .name = ""},
			      d = {.size = offsetof(struct erg_layer_info, type), .name = "short"};
	printf("%u %u %u %u\n", erg_layer(n, &a), erg_layer(n, &b), erg_layer(n, &c), erg_layer(n, &d));
	erg_begin(erg_layer(n, &a));
	erg_end(erg_layer(n, &a));
	return 0;
}
C
    cc -std=c11 -Wall -Werror -Wno-missing-field-initializers -I"$ERG_SRC/tracepoints" -o nosize-app app.c -L"$ERG_BUILD/tracepoints" -lerg
    start a
    LD_LIBRARY_PATH=$ERG_BUILD/tracepoints ./nosize-app >out
    stop a
    [ "$(cat out)" = "0 0 0 2" ]
    [ "$(events a 'marker.*info->size is 0: expected sizeof')" -eq 1 ]
    [ "$(events a 'marker.*info->name is empty')" -eq 1 ]
    [ "$(events a 'layer: ')" -eq 0 ]
}

@test "liberg exports what erg.h declares, and nothing else" {
    skip_unless nm
    nm -D --defined-only "$ERG_BUILD/tracepoints/liberg.so" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort >has
    grep -o '^	erg_[a-z_]*' "$ERG_SRC/tracepoints/liberg/liberg.map" | tr -d '\t' | sort | diff - has
    # each function that the header declares is among them
    printf '#include "tracepoints/erg.h"\n' | cc -I"$ERG_SRC" -E -P - | tr '\n' ' ' |
        grep -o 'visibility("default"))) [^;]*;' | grep -oE 'erg_[a-z_]+ ?\(|erg_enabled_' | tr -d ' (' | sort -u >declared
    [ "$(wc -l <declared)" -gt 15 ]
    [ -z "$(comm -23 declared has)" ]
}
