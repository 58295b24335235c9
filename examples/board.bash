# Shared by the examples that run experiments: builds what is missing, and runs a function on the
# simulated board where this machine lacks the knobs.
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
src=$(cd "$here/../.." && pwd)
: "${ERG_BUILD:=$src/build}"

build() {
    "$src/tests/install-packages" build
    [ -f "$ERG_BUILD/build.ninja" ] || meson setup "$ERG_BUILD" "$src" >/dev/null
    ninja -C "$ERG_BUILD" >/dev/null
    export PATH="$ERG_BUILD/record:$ERG_BUILD/analyze:$ERG_BUILD/tests/board:$ERG_BUILD/examples/convnet:$PATH"
}

# board DIR [OPTION…]: serves the board in DIR in the background until this script ends.
board() {
    erg-board "$@" &
    board_pid=$!
    export ERG_BOARD_DIR=$1 ERG_BOARD_PAGE=$1/ergboard/page
    trap 'kill "$board_pid" 2>/dev/null; wait "$board_pid" 2>/dev/null' EXIT
    until [ -s "$1/ergboard/ready" ]; do kill -0 "$board_pid" || exit 1; sleep 0.05; done
    echo "this is a SIMULATED board: every joule below comes from a model" >&2
}
