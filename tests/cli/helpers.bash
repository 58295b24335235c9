# Shared by all command-line tests: see README.md.
[ -z "${BATS_VERSION:-}" ] || bats_require_minimum_version 1.5.0
: "${ERG_SRC:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
: "${ERG_BUILD:=$ERG_SRC/build}"
export ERG_SRC ERG_BUILD
export LC_ALL=C NO_COLOR=1
# What this machine's sensors, or a simulated board that somebody played with, were found to do is not of the tests.
export ERG_CALIBRATIONS=none
# On a loaded machine a program and LTTng's daemon may wait for each other longer than by default (3 s
# and 5 s); then the program runs on unrecorded.
export LTTNG_UST_REGISTER_TIMEOUT=60000 LTTNG_APP_SOCKET_TIMEOUT=60
export PATH="$ERG_BUILD/record:$ERG_BUILD/analyze:$ERG_BUILD/tests/board:$ERG_BUILD/examples/convnet:$PATH"

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    # of this test alone: what another one decoded is not there
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache-$BATS_TEST_NUMBER
    if declare -F test_setup >/dev/null; then test_setup; fi
}

skip_unless() {
    local c
    for c in "$@"; do
        command -v "$c" >/dev/null || skip "$c is not installed"
    done
}

# What a build may lack: page (libjs-dygraphs, Chart.js), plans (libfyaml).
skip_without() {
    case $1 in
    page)
        [[ "$(erg-analyze report none.erg -o none.html 2>&1)" != *"built without the page"* ]] ||
            skip "erg-analyze was built without the page of its report" ;;
    plans)
        [[ "$(erg-record sweep none.yaml -o none 2>&1)" != *"built without libfyaml"* ]] ||
            skip "erg-record was built without libfyaml" ;;
    esac
}

# from_npm NAME FOLDER: what FOLDER/install gets from npm is there. npm asks for a minute before it gives up: it is
# asked once for all tests of a file.
from_npm() {
    local why=$BATS_FILE_TMPDIR/npm.err
    [ -e "$why" ] || "$2/install" 2>npm.err || mv npm.err "$why"
    [ ! -e "$why" ] || skip "$1 cannot be had from npm: $(tail -1 "$why")"
}

# ctf_1: the parameter by which babeltrace2 after 2.0, which writes CTF 2 unless told, writes CTF 1.8.
ctf_1() { babeltrace2 --version | grep -q 'Babeltrace 2\.0\.' || echo ',ctf-version="1"'; }

# await COMMAND…: returns when it succeeds. The limit is there against a hang, and far from what any
# machine needs: nothing is to fail because it was slow.
await() {
    local end=$((SECONDS + 120))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*" >&2; return 1; }
        sleep 0.05
    done
}

# A command that goes on until there is a file "go"; a test that fails before does not leave it behind
# for long.
UNTIL_GO=(sh -c 'for _ in $(seq 6000); do [ ! -e go ] || break; sleep 0.05; done; echo done; exit 5')

# ends PID STATUS: waits for it.
ends() {
    local rc=0
    wait "$1" || rc=$?
    [ "$rc" -eq "$2" ]
}

# gone PID: there is no such process any more, or it is dead and nobody has waited for it: where process 1 of a
# container waits for no orphan, that stays so.
gone() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o state= -p "$1")" = Z ]; }

# recording PID: the erg-record that runs as PID has its signals, its spool and a session that records.
recording() { lttng --no-sessiond list 2>/dev/null | grep -q "ergtrace-$1-.*\[active\]"; }

# An unprivileged user with a home of its own; root makes it on first use.
ordinary_user() {
    if [ "$(id -u)" -ne 0 ]; then id -un; return; fi
    id erg-test >/dev/null 2>&1 || useradd --create-home --shell /bin/bash erg-test >&2
    echo erg-test
}

# Skips where there is no other user: not as root, nor in a user namespace that root alone is mapped into.
need_other_user() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    awk '{ n += $3 } END { exit n == 1 }' /proc/self/uid_map || skip "no other user in this namespace"
}

# as_user COMMAND…: as that user, who gets to the checkout and the build even where they lie in a
# directory closed to others.
as_user() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; return; fi
    local user
    user=$(ordinary_user)
    "$ERG_SRC/tests/as-user" "$user" "$@"
}
