# Shared by the examples that run experiments: builds what is missing.
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
src=$(cd "$here/../.." && pwd)
: "${ERG_BUILD:=$src/build}"

build() {
    "$src/tests/install-packages" build
    [ -f "$ERG_BUILD/build.ninja" ] || meson setup "$ERG_BUILD" "$src" >/dev/null
    ninja -C "$ERG_BUILD" >/dev/null
    export PATH="$ERG_BUILD/record:$ERG_BUILD/analyze:$ERG_BUILD/tests/board:$ERG_BUILD/examples/convnet:$PATH"
}
