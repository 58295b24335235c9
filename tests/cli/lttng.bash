# Sessions of our own by plain LTTng tools, read by babeltrace2. `load lttng` after `load helpers`.

lttng_setup() {
    skip_unless lttng babeltrace2
    session=erg-test-$$-$BATS_TEST_NUMBER
    started=()
}

teardown() {
    local s
    for s in "${started[@]}"; do lttng destroy "$s" >/dev/null 2>&1 || true; done
}

need_daemon() {
    lttng --no-sessiond list >/dev/null 2>&1 || lttng-sessiond --daemonize 3>&- >/dev/null 2>&1
    await takes_programs
}

# It answers lttng(1) a little before it listens to programs.
takes_programs() {
    local dir=${LTTNG_HOME:-$HOME}/.lttng
    [ "$(id -u)" -ne 0 ] || dir=/var/run/lttng
    grep -q " 00010000 .* $dir/lttng-ust-sock-" /proc/net/unix
}

# described: what programs do when a session starts is done. A program answers the daemon's questions
# in the thread that describes it to sessions, one after the other.
described() { lttng --no-sessiond list --userspace >/dev/null; }

# Skips where somebody else's session records, too: that changes what a pause is.
alone() {
    ! lttng --no-sessiond list 2>/dev/null | grep -q '\[active\]' ||
        skip "another session records on this machine"
}

# start NAME [EVENTS]: a session of that name, recording what the programs in the array `programs`
# do, into ./NAME.
start() {
    need_daemon
    lttng create "$session-$1" --output="$PWD/$1" >/dev/null 3>&-
    started+=("$session-$1")
    # Other programs on this machine may use liberg, too.
    lttng enable-event -s "$session-$1" -u "${2:-ergtrace:*}" --filter "$(printf \
        ' || $ctx.procname == "%s*"' "${programs[@]}" | cut -c5-)" >/dev/null
    lttng add-context -s "$session-$1" -u -t vpid -t vtid >/dev/null
    lttng start "$session-$1" >/dev/null
}

# stop NAME: what was recorded is in NAME.txt
stop() {
    lttng stop "$session-$1" >/dev/null
    babeltrace2 "$1" >"$1.txt"
}

# events NAME PATTERN: how many lines of the session match
events() {
    grep -c "ergtrace:$2" "$1.txt" || true
}

# layers NAME: names of the layers that ended, in order; with those that a thread wrote later (track 4294967295)
layers() {
    sed -n 's/.*ergtrace:layer_define:.*{ id = \([0-9]*\),.*[^_]name = "\([^"]*\)", type = .*/\1 \2/p' \
        "$1.txt" >"$1.names"
    sed -n -e 's/.*ergtrace:layer\(_counted\)*: .*{ id = \([0-9]*\),.*/\2/p' \
        -e 's/.*ergtrace:layer_span: .*{ id = \([0-9]*\),.* track = 4294967295 .*/\1/p' "$1.txt" |
        awk -v names="$1.names" 'BEGIN {
            while ((getline line <names) > 0) {
                id = line; sub(/ .*/, "", id); sub(/^[0-9]* /, "", line)
                if (!(id in name)) name[id] = line
            }
        } $1 in name { print name[$1] }'
}

# launch COMMAND…: starts a program behind a pipe, and returns when it waits.
launch() {
    mkfifo in
    "$@" <in >out 3>&- &
    pid=$!
    exec 9>in
    await grep -q waiting out
}

# go_on: sends it a line, and returns when it waits again or has ended.
go_on() {
    local n
    n=$(grep -c waiting out)
    echo >&9
    await went_on "$n"
}

# went_on N: it has waited more often than that, or has ended.
went_on() { [ "$(grep -c waiting out)" -gt "$1" ] || gone "$pid"; }
