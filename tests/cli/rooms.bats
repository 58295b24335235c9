# Every line in its room: ARCHITECTURE.md against includes and symbols.
# bats file_tags=apart
load helpers

@test "the code agrees with the table of rooms" {
    run "$ERG_SRC/tests/rooms"
    echo "$output"
    [ "$status" -eq 0 ]
}

# A copy of the sources with one fault each: the objects are those of the build folder.
faulty() {
    mkdir tree
    (cd "$ERG_SRC" && tar -cf - ARCHITECTURE.md tests/rooms formats record analyze tracepoints) | tar -xf - -C tree
    "$@"
    run tree/tests/rooms
    echo "$output"
    [ "$status" -eq 1 ]
}

include_upwards() { echo '#include "analyze/reader/reader.h"' >>tree/analyze/render/table.c; }

@test "a renderer that includes the reader is found" {
    faulty include_upwards
    grep -q 'analyze/render/table.c:[0-9]*: analyze/render may not know analyze/reader' <<<"$output"
}

include_library() { sed -i '1i #include <lttng/lttng.h>' tree/record/run/run.c; }

@test "a library's header where its table does not name the room is found" {
    faulty include_library
    grep -q '^record/run/run.c:1: record/run may not know the library of <lttng/lttng.h>$' <<<"$output"
}

include_back() { sed -i '/^#include "/i #include "analyze/attribution/run.h"' tree/analyze/attribution/view.h; }

@test "headers that include one another are found" {
    faulty include_back
    grep -q '^circle: .*analyze/attribution/run.h -> analyze/attribution/view.h (#include)' <<<"$output"
}

@test "a comment that names a file which is not there is found" {
    say() { echo '/* As notes.c, note*.c, rows.c and parts_*.c have it. */' >>tree/analyze/account/rows.c; }
    faulty say
    grep -q '^analyze/account/rows.c:[0-9]*: a comment names notes.c, which is not there$' <<<"$output"
    grep -q '^analyze/account/rows.c:[0-9]*: a comment names note\*.c, which is not there$' <<<"$output"
    [ "$(grep -c 'comment names' <<<"$output")" = 2 ]
}

@test "a symbol of a room that may not be known is found" {
    forbid() { sed -i 's/^\(| `record\/session` |.*\), `record\/spool` |$/\1 |/' tree/ARCHITECTURE.md; }
    faulty forbid
    grep -q 'record/session/shm.c: record/session may not know record/spool (erg_' <<<"$output"
}

@test "a symbol is found in a folder whose objects meson keeps in another's" {
    forbid() { sed -i 's/^\(| `formats\/archive` |.*\)| `formats\/base` |$/\1| |/' tree/ARCHITECTURE.md; }
    faulty forbid
    grep -q '^formats/archive/write.c: formats/archive may not know formats/base (erg_' <<<"$output"
}

@test "without a build includes are checked and it is said that symbols are not; a build that is named must be there" {
    faulty include_upwards
    run env -u ERG_BUILD tree/tests/rooms
    [ "$status" -eq 1 ]
    [[ $output == analyze/render/table.c:* ]]
    cp "$ERG_SRC/analyze/render/table.c" tree/analyze/render/table.c
    run env -u ERG_BUILD tree/tests/rooms
    [ "$status" -eq 0 ]
    [[ $output == *"includes are in their places; symbols were not checked: no build in "*/tree/build ]]
    run env ERG_BUILD="$PWD/none" tree/tests/rooms
    [ "$status" -eq 1 ]
    [ "$output" = "$PWD/none: no objects; expected a build folder (ERG_BUILD)" ]
    mkdir none
    cp -r "$ERG_BUILD/compile_commands.json" "$ERG_BUILD/meson-info" none/ # set up, and not built
    run env ERG_BUILD="$PWD/none" tree/tests/rooms
    [ "$status" -eq 1 ]
    [[ $output == "$PWD/none: "*" objects are missing or older than their sources: build first" ]]
}

@test "files that form a circle are found" {
    # the check's own search, on a graph by hand: a -> b -> c -> a, and d -> a
    run python3 - "$ERG_SRC/tests/rooms" <<'PY'
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.SourceFileLoader("rooms", sys.argv[1])
rooms = importlib.util.module_from_spec(importlib.util.spec_from_loader("rooms", loader))
loader.exec_module(rooms)
g = {"a": {"b": ["f"]}, "b": {"c": ["g"]}, "c": {"a": ["h"]}, "d": {"a": ["f"]}}
print(rooms.circles(g))
PY
    echo "$output"
    [ "$output" = "[['a', 'b', 'c']]" ]
}
