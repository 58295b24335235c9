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

@test "an installed package erg is on Python's path, and what it is for" {
    skip_unless meson
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    [ -f "$ERG_BUILD/build.ninja" ] || skip "not a build folder of meson"
    meson install -C "$ERG_BUILD" --no-rebuild --destdir "$PWD/root" >log 2>&1 || { cat log; false; }
    find root -name ergtrace.pth >pth
    [ "$(wc -l <pth)" -eq 1 ] || skip "Python has no folder for packages below the prefix"
    folder=$(cat "$(cat pth)")
    [ -f "root$folder/erg/__init__.py" ]
    # The folder that the file lies in is one that Python looks into.
    site=$(dirname "$(cat pth)")
    /usr/bin/python3 -c 'import sys; sys.exit(sys.argv[1] not in sys.path)' "${site#root}"
    cp -r "$(find root -name liberg.so.0)" .
    [ "$(PYTHONPATH=root$folder /usr/bin/python3 -c 'import erg; print(erg.found)')" = True ]
    [ -f "$(find root -path '*python-standin/erg.py')" ]
}

@test "the recorder on the device links neither babeltrace2 nor glib; ICU comes only with LTTng's own library" {
    skip_unless readelf ldd
    local direct
    direct=$(readelf -d "$ERG_BUILD/record/erg-record" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    [ -n "$direct" ]
    [ -z "$(grep -E 'babeltrace|glib|gobject|libicu|libxml' <<<"$direct")" ]
    run ldd "$ERG_BUILD/record/erg-record"
    [ -z "$(grep -E 'babeltrace|glib' <<<"$output")" ]
    # what brings it in
    for lib in $direct; do
        path=$(ldd "$ERG_BUILD/record/erg-record" | awk -v l="$lib" '$1 == l {print $3}')
        [ -z "$(readelf -d "$path" | grep -E 'NEEDED.*libxml2')" ] ||
            [[ $lib = liblttng-ctl.so.* || $lib = libarchive.so.* ]]
    done
}

@test "without LTTng erg-analyze and import are built, and the setup says what is missing" {
    skip_unless meson pkg-config
    mkdir pc
    for dir in $(pkg-config --variable pc_path pkg-config | tr : ' '); do
        [ -d "$dir" ] || continue
        cp "$dir"/*.pc pc/ 2>/dev/null || true
    done
    rm -f pc/lttng*.pc
    PKG_CONFIG_LIBDIR=$PWD/pc meson setup no-lttng "$ERG_SRC" >setup.log
    grep -Eq 'erg-record +: no: .*liblttng-ctl-dev' setup.log
    grep -Eq 'erg-record import +: yes' setup.log
    grep -Eq 'erg-analyze +: yes' setup.log
    ninja -C no-lttng -t targets all >targets
    grep -q '^analyze/erg-analyze:' targets
    grep -q '^record/import/erg-import:' targets
    [ -z "$(grep -E '^(record/erg-record|tracepoints/liberg)' targets)" ]
    # what these two are made of needs no header of LTTng: none of its objects does
    ninja -C no-lttng -t commands analyze/erg-analyze record/import/erg-import >commands
    [ -z "$(grep -i lttng commands | grep -v 'no-lttng')" ]
}

@test "a program is built and run in meson devenv by the README's line" {
    skip_unless meson cc pkg-config man
    cat >infer.c <<'C'
#include <erg.h>
#include <stdio.h>
int main(void) { printf("%u\n", erg_network("net")); return 0; }
C
    cat >try.sh <<'S'
cc infer.c $(pkg-config --cflags --libs erg) -o infer && ./infer
man -w erg-record-run
python3 -c 'import erg; print(erg.__file__)'
S
    meson devenv -C "$ERG_BUILD" sh -c "cd '$PWD' && sh try.sh" >out
    [ "$(sed -n 1p out)" = 1 ]
    [[ $(sed -n 2p out) = */erg-record-run.1 ]]
    [[ $(sed -n 3p out) = */erg/__init__.py ]]
}

@test "installed programs run from any prefix, with licences and the specification, and are uninstalled" {
    skip_unless meson
    [ -f "$ERG_BUILD/build.ninja" ] || skip "not a build folder of meson"
    meson install -C "$ERG_BUILD" --no-rebuild --destdir "$PWD/root" >log 2>&1 || { cat log; false; }
    unset LD_LIBRARY_PATH ERG_ADAPTER_DIR
    local program file
    for program in $(find root -type f -perm -u+x -name 'erg-*'); do
        [ -z "$(ldd "$program" | grep 'not found')" ]
        run "$program" --help # wrong usage of those without it, which is said
        [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
        [ -n "$output" ]
    done
    for file in LICENSE LICENSES/MIT.txt LICENSES/GPL-3.0-or-later.txt formats/FORMAT.md; do
        cmp "$(find root -path "*/share/doc/ergtrace/$file")" "$ERG_SRC/$file"
    done
    [ "$(find root -type f | wc -l)" -ge 60 ]
    ninja -C "$ERG_BUILD" uninstall >log 2>&1 || { cat log; false; }
    [ -z "$(find root ! -type d)" ]
}
