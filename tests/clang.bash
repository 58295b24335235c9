# SPDX-License-Identifier: GPL-3.0-or-later
# The second compiler: clang, with AddressSanitizer and UndefinedBehaviorSanitizer, and libFuzzer in the
# targets of tests/fuzz. Needs packages clang and libclang-rt-dev.

# Names that a sanitizer gives its reports are errors of the test, wherever they are printed.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# Where a session daemon runs, as beside other tests, programs of ours are traced.
export LSAN_OPTIONS=suppressions=$src/tests/lsan.supp:print_suppressions=0

# clang_setup DIR [ARGUMENT…]: configures the tree there, if it is not, with these arguments for the compiler, too.
clang_setup() {
    local dir=$1
    shift
    [ ! -f "$dir/build.ninja" ] || return 0
    mkdir -p "$dir"
    CC="${CC_FOR_SANITIZE:-clang}" CFLAGS="-gline-tables-only $*" LDFLAGS="$*" meson setup "$dir" "$src" \
        --werror -Doptimization=1 -Ddebug=false -Dfuzzer=true -Db_sanitize=address,undefined \
        -Db_lundef=false >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; return 1; }
}

# clang_build DIR [TARGET…]
clang_build() {
    ninja -C "$@" >"$1/build.log" 2>&1 || { grep -vE '^\[|^ninja: E' "$1/build.log" >&2; return 1; }
}
