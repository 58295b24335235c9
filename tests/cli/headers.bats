# Every public header compiles alone: what an application includes in C99, C11 and C++, what the
# bats file_tags=offline
# two tools share in the language of the project.
load helpers

compiles() {
    local header=$1
    shift
    printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "$header" "$header" \
        >"probe.${lang:-c}"
    "$@" -I"$ERG_SRC" -Wall -Wextra -Werror -fsyntax-only "probe.${lang:-c}" ||
        { echo "$header does not compile alone with $*"; return 1; }
}

@test "headers for applications compile alone as C99, C11 and C++" {
    skip_unless gcc g++
    for h in tracepoints/erg.h tracepoints/erg_inline.h; do
        compiles "$h" gcc -std=c99 -Wpedantic
        compiles "$h" gcc -std=c11 -Wpedantic -Wstrict-prototypes -Wconversion
        lang=cc compiles "$h" g++ -std=c++11 -Wpedantic -Wconversion
        lang=cc compiles "$h" g++ -std=c++20 -Wpedantic
    done
}

@test "headers of formats and tracepoints compile alone" {
    skip_unless gcc
    local lttng=()
    ! pkg-config --modversion lttng-ust 2>/dev/null | grep -q '^2\.12\.' || lttng=(-DERG_LTTNG_UST_2_12)
    for h in "$ERG_SRC"/formats/*.h "$ERG_SRC"/formats/*/*.h "$ERG_SRC"/tracepoints/*.h; do
        compiles "${h#"$ERG_SRC"/}" gcc -std=gnu11 -D_GNU_SOURCE -Wno-unused-parameter "${lttng[@]}"
    done
}
