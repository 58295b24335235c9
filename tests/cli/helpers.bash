# Shared by all command-line tests: see README.md.
: "${ERG_SRC:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${ERG_BUILD:=$ERG_SRC/build}"
export ERG_SRC ERG_BUILD
export LC_ALL=C NO_COLOR=1
export PATH="$ERG_BUILD/record:$ERG_BUILD/analyze:$ERG_BUILD/tests/board:$ERG_BUILD/examples/convnet:$PATH"

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    if declare -F test_setup >/dev/null; then test_setup; fi
}

skip_unless() {
    local c
    for c in "$@"; do
        command -v "$c" >/dev/null || skip "$c is not installed"
    done
}

# An unprivileged user with a home of its own; root makes it on first use.
ordinary_user() {
    if [ "$(id -u)" -ne 0 ]; then id -un; return; fi
    id erg-test >/dev/null 2>&1 || useradd --create-home --shell /bin/bash erg-test >&2
    echo erg-test
}

as_user() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; return; fi
    local home
    home=$(getent passwd "$(ordinary_user)" | cut -d: -f6)
    runuser -u "$(ordinary_user)" -- env HOME="$home" PATH="$PATH" "$@"
}
