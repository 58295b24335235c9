# What is installed can be used: a program of somebody else, in C and in C++, by pkg-config.
# bats file_tags=apart
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

# linked_with PROGRAM: the libraries that it is started with.
linked_with() {
    run ldd "$1"
    [ "$status" -eq 0 ]
    [ -z "$(grep 'not found' <<<"$output")" ]
    grep -q 'libc\.so' <<<"$output"
}

@test "the recorder on the device is started without babeltrace2, glib and ICU, as built and as installed" {
    skip_unless ldd meson
    local program
    meson install -C "$ERG_BUILD" --no-rebuild --destdir "$PWD/root" >log 2>&1 || { cat log; false; }
    unset LD_LIBRARY_PATH
    for program in "$ERG_BUILD/record/erg-record" "$(find root -path '*/bin/erg-record')"; do
        linked_with "$program"
        # nor what would bring them
        [ -z "$(grep -E 'babeltrace|glib|gobject|libicu|libxml|libarchive|lttng-ctl' <<<"$output")" ]
    done
    linked_with "$ERG_BUILD/analyze/erg-analyze"
    [ -z "$(grep -E 'libicu|libxml' <<<"$output")" ]
}

@test "what needs a library that is not there says which package has it, and the rest works without" {
    skip_unless cc
    mkdir none other
    export LD_LIBRARY_PATH=$PWD/none
    : >none/liblttng-ctl.so.0
    run erg-record run -o run.erg -- touch ran
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "erg-record run: $PWD/none/liblttng-ctl.so.0: file too short; install liblttng-ctl0" ]
    : >none/libarchive.so.13
    run erg-record run -o run.erg -- touch ran
    [ "$status" -eq 1 ]
    [ "$output" = "erg-record run: $PWD/none/libarchive.so.13: file too short; install libarchive13" ]
    run erg-analyze info "$ERG_SRC"/tests/golden/recording/*.erg
    [ "$status" -eq 1 ]
    [ "$output" = "erg-analyze info: $PWD/none/libarchive.so.13: file too short; install libarchive13" ]
    erg-record --version
    erg-record sources >sources.txt
    [ -s sources.txt ]
    # libraries of that name which are something else
    LD_LIBRARY_PATH=$PWD/other
    cc -shared -fPIC -x c /dev/null -o other/liblttng-ctl.so.0
    run erg-record run -o run.erg -- touch ran
    [ "$status" -eq 1 ]
    [[ $output = "erg-record run: package liblttng-ctl0: liblttng-ctl.so.0: has no function lttng_"* ]]
    cc -shared -fPIC -x c /dev/null -o other/libarchive.so.13
    run erg-record run -o run.erg -- touch ran
    [ "$status" -eq 1 ]
    [[ $output = "erg-record run: package libarchive13: libarchive.so.13: has no function archive_"* ]]
    rm -r none other sources.txt
    # nothing was begun
    [ -z "$(ls -A)" ]
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
