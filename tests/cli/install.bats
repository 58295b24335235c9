# What is installed can be used: a program of somebody else, in C and in C++, by pkg-config.
load helpers

@test "an installed liberg is found by pkg-config and linked from C and C++" {
    skip_unless meson pkg-config gcc g++
    [ -f "$ERG_BUILD/build.ninja" ] || skip "not a build folder of meson"
    meson install -C "$ERG_BUILD" --no-rebuild --destdir "$PWD/root" >log 2>&1 || { cat log; false; }
    pc=$(dirname "$(find root -name erg.pc)")
    export PKG_CONFIG_PATH=$PWD/$pc PKG_CONFIG_SYSROOT_DIR=$PWD/root
    cat >app.c <<'C'
#include <erg.h>
#include <stdio.h>
int main(void)
{
	struct erg_layer_info info = {0};
	uint32_t net = erg_network("net"), layer;

	info.size = sizeof(info);
	info.name = "conv1";
	info.type = "conv";
	layer = erg_layer(net, &info);
	erg_begin(layer);
	erg_end(layer);
	printf("%u %u\n", net, layer);
	return 0;
}
C
    cp app.c app.cc
    # shellcheck disable=SC2046
    gcc -std=c99 -Wall -Werror app.c -o app-c $(pkg-config --cflags --libs erg)
    g++ -Wall -Werror app.cc -o app-cc $(pkg-config --cflags --libs erg)
    LD_LIBRARY_PATH=$(dirname "$pc")
    export LD_LIBRARY_PATH
    [ "$(./app-c)" = "1 2" ]
    [ "$(./app-cc)" = "1 2" ]
    # The adapters find liberg beside them, whatever the library path.
    unset LD_LIBRARY_PATH
    for lib in nvtx itt streamline; do
        ! ldd "$(dirname "$pc")/ergtrace/liberg-$lib.so" | grep 'not found' || false
    done
    gcc -fsyntax-only $(pkg-config --cflags erg-streamline) -x c - <<<'#include "streamline_annotate.h"'
}
