#!/usr/bin/env bats
# A recording is of its command: of nobody else's programs, and of all that the command starts.
# bats file_tags=apart
load helpers
load lttng
load relay

app=$ERG_BUILD/tests/trace/trace-app

record() { erg-record -q -s procstat "$@" 2>>err; }

# calls ARCHIVE: layers in its trace, whoever emitted them; text is what babeltrace2 makes of it
calls() {
    rm -rf x
    mkdir x
    tar -C x -xf "$1"
    babeltrace2 x >text
    grep -c 'ergtrace:layer: ' text || true
}
networks() { erg-analyze layers --format json "$1" 2>/dev/null | jq -r '[.runs[0].layers[].network] | unique | join(" ")'; }
processes() { jq ".processes.$2" "$(echo x/*/summary.json)"; }

# buffers PID: how many of the buffers of recordings the process has mapped
buffers() { grep -c '/ergtrace-.*/ust/uid/' "/proc/$1/maps" || true; }
export -f buffers

# A stranger: an annotated program that no recording started, which begins and ends layers all the time.
stranger() {
    "$app" network:stranger layer:l wait busy:l sleep:600000 <&9 >out 3>&- &
    stranger=$!
    await grep -q waiting out
}

test_setup() {
    skip_unless jq babeltrace2
    mkfifo in
    exec 9<>in
}
teardown() {
    [ -z "${stranger:-}" ] || kill "$stranger"
    relay_stop
}

TWO=("$app" network:a layer:l threads:20=l)

# own_daemon COMMAND…: beside a daemon of root's that is its own, in namespaces, for this machine may have
# another, which other tests have started.
own_daemon() {
    unshare --mount --pid --ipc --net --fork --mount-proc --kill-child bash -eu -c '
        mount -t tmpfs tmpfs /run
        mount -t tmpfs -o mode=1777 tmpfs /dev/shm
        mkdir -m 1777 /run/lock
        unset BATS_VERSION
        . "$ERG_SRC/tests/cli/helpers.bash"
        . "$ERG_SRC/tests/cli/lttng.bash"
        lttng-sessiond --daemonize >/dev/null 2>&1
        await takes_programs
        "$@"' own_daemon "$@" 3>&- 9>&-
}

@test "a user who records with root's daemon: a cleared environment joins by the socket in /tmp" {
    [ "$(id -u)" -eq 0 ] && getent group tracing >/dev/null || skip "needs root and a group tracing"
    skip_unless unshare
    unshare --mount --pid --ipc --net --fork --mount-proc true 2>/dev/null || skip "no namespaces here"
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    mkdir home
    chown "$(ordinary_user)" . home
    export ERG_GROUP=tracing
    own_daemon as_user env HOME="$PWD/home" erg-record -q -s procstat -o a.erg -- \
        env -i HOME="$PWD/home" "${TWO[@]}"
    [ "$(calls a.erg)" -eq 200 ]
    [ "$(networks a.erg)" = a ]
    [ ! -e home/.lttng ]
}

@test "two recordings at once beside a stranger: each has its own layers, all of them, and no other" {
    need_daemon 9>&-
    stranger
    echo >&9
    record -o a.erg --chunk-time 0.3 -- "${TWO[@]}" sleep:700 fork threads:10=l &
    one=$!
    record -o b.erg --compress during --chunk-time 0.3 -- "$app" network:b layer:l threads:30=l sleep:700 exec network:b layer:l threads:3=l
    ends $one 0
    [ "$(calls a.erg)" -eq 300 ]
    [ "$(processes a joined)" -eq 2 ]
    before=$(processes a ran_before) # the stranger; and b's program, when it was faster
    [ "$before" -eq 1 ] || [ "$before" -eq 2 ]
    [ "$(grep 'ergtrace:' text | grep -o 'vpid = [0-9]*' | sort -u | wc -l)" -eq 3 ] # with the recorder
    [ "$(networks a.erg)" = a ]
    [ "$(calls b.erg)" -eq 330 ]
    [ "$(networks b.erg)" = b ]
    # LTTng has not so much as mapped a buffer into the stranger, as it has into what is recorded.
    record -o m.erg -- bash -c '
        "$1" network:m layer:l threads:1=l sleep:600000 &
        until [ "$(buffers $!)" -ne 0 ] || [ $SECONDS -ge 120 ]; do sleep 0.05; done
        buffers $! >included
        buffers "$2" >stranger
        kill $!' - "$app" "$stranger"
    [ "$(cat included)" -gt 0 ]
    [ "$(cat stranger)" -eq 0 ]
    # Unless it is asked for: by its pid, or with all.
    record -o c.erg --attach $stranger -- sleep 0.5
    [ "$(calls c.erg)" -gt 0 ]
    [ "$(networks c.erg)" = stranger ]
    record -o d.erg --attach all -- sleep 0.5
    [ "$(networks d.erg)" = stranger ]
}

@test "an environment that was cleared: what descends from the command is recorded" {
    record -o a.erg -- sh -c 'env -i "$@"; true' - "${TWO[@]}"
    [ "$(calls a.erg)" -eq 200 ]
    [ "$(networks a.erg)" = a ]
    # What does not descend from it is told.
    need_daemon 9>&-
    erg-record -s procstat -o b.erg -- sh -c ': >began; until [ -e go ]; do sleep 0.05; done' 2>err &
    one=$!
    await test -e began
    env -u ERG_JOIN "${TWO[@]}"
    : >go
    ends $one 0
    [ "$(calls b.erg)" -eq 0 ]
    grep -q 'not recorded: 1 annotated program started elsewhere' err
}

@test "another pid namespace, as containers have: recorded, and nothing is said of layers that nobody could count" {
    skip_unless unshare
    unshare --user --map-root-user --pid --fork --mount --mount-proc true 2>/dev/null || skip "no namespaces here"
    erg-record -s procstat -o a.erg -- unshare --user --map-root-user --pid --fork --mount --mount-proc "${TWO[@]}" 2>err
    [ "$(calls a.erg)" -eq 200 ]
    [ "$(networks a.erg)" = a ]
    [ "$(grep -c 'no layer was seen' err)" -eq 0 ]
    [ "$(grep -c ' 0 layers' err)" -eq 0 ]
    # A container's engine clears the environment.
    record -o b.erg -- unshare --user --map-root-user --pid --fork --mount --mount-proc env -i "${TWO[@]}"
    [ "$(calls b.erg)" -eq 200 ]
    # Where it starts it by another way, the two variables let its program join.
    record -o c.erg -- sh -c 'env | grep ^ERG_ >joins; until [ -e done ]; do sleep 0.05; done' &
    one=$!
    await grep -q ERG_JOIN joins
    await grep -q ERG_RUN_ID joins
    env $(cat joins) "${TWO[@]}"
    : >done
    ends $one 0
    [ "$(calls c.erg)" -eq 200 ]
    # Where LTTng's folder is not there either, it is said why.
    [ "$(id -u)" -eq 0 ] || return 0
    erg-record -s procstat -o d.erg -- unshare --user --map-root-user --mount sh -c \
        'mount -t tmpfs none /run && exec env -i "$@"' - "${TWO[@]}" 2>err
    [ "$(calls d.erg)" -eq 0 ]
    grep -q 'no layer was seen: what unshare starts is recorded where ERG_RUN_ID, ERG_JOIN' err
}

@test "a stream has its own layers and no other" {
    relay_start 9>&-
    record --to "127.0.0.1:$base:$((base + 1))" -- "${TWO[@]}" sleep:500 &
    one=$!
    "${TWO[@]}"
    record -o b.erg -- "$app" network:b layer:l threads:5=l
    ends $one 0
    erg-record collect --from relay -o c.erg >/dev/null
    [ "$(calls c.erg)" -eq 200 ]
    [ "$(networks c.erg)" = a ]
    [ "$(calls b.erg)" -eq 50 ]
}

@test "root and another user, each streaming and recording to a file, all in chunks, beside a stranger: nobody has another's layers" {
    need_other_user
    relay_start 9>&-
    need_daemon 9>&-
    stranger
    echo >&9
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    mkdir home
    chown "$(ordinary_user)" home
    local to=127.0.0.1:$base:$((base + 1)) name pids=()
    work=(layer:l threads:20=l sleep:700 fork threads:10=l)
    own=(as_user env HOME="$PWD/home" erg-record -q -s procstat --chunk-time 0.3)
    record --chunk-time 0.3 --to "$to" -- "$app" network:a "${work[@]}" & pids+=($!)
    record --chunk-time 0.3 -o b.erg -- "$app" network:b "${work[@]}" & pids+=($!)
    "${own[@]}" --to "$to" -- "$app" network:c "${work[@]}" 2>>own & pids+=($!)
    "${own[@]}" --compress during -o "$PWD/home/d.erg" -- "$app" network:d "${work[@]}" 2>>own & pids+=($!)
    for name in "${pids[@]}"; do ends "$name" 0; done
    mkdir all
    erg-record collect --from relay -o all >/dev/null
    mv b.erg home/d.erg all
    [ "$(ls all | wc -l)" -eq 4 ]
    for name in all/*.erg; do
        [ "$(calls "$name")" -eq 300 ]
        networks "$name"
    done | sort >got
    printf '%s\n' a b c d | diff got -
}

@test "another user's program: recorded where the command starts it, and not beside it" {
    need_other_user
    other=("$ERG_SRC/tests/as-user" "$(ordinary_user)" "$app" network:other layer:l threads:3=l)
    record -o a.erg -- sh -c '"$@"; : >began; until [ -e go ]; do sleep 0.05; done' - "${other[@]}" &
    one=$!
    await test -e began
    "${other[@]}"
    : >go
    ends $one 0
    [ "$(calls a.erg)" -eq 30 ]
    [ "$(networks a.erg)" = other ]
    # An ordinary user's own recording, with a daemon of his own, beside it.
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    chown "$(ordinary_user)" .
    as_user erg-record -q -s procstat -o b.erg -- "${TWO[@]}"
    [ "$(calls b.erg)" -eq 200 ]
}

# What sudo does: all ids are another user's, and of the environment little is left.
sudo_like() { echo "./as_root --reuid=0 --regid=0 --clear-groups env -i SUDO_UID=$(id -u "$(ordinary_user)") HOME=/nowhere ${TWO[*]}"; }

@test "what sudo runs: recorded with root's daemon, told with a daemon of the user's own" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    skip_unless setpriv unshare
    unshare --mount --pid --ipc --net --fork --mount-proc true 2>/dev/null || skip "no namespaces here"
    getent group tracing >/dev/null || skip "needs a group tracing"
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    mkdir home
    chown "$(ordinary_user)" . home
    cp "$(command -v setpriv)" as_root
    chmod 4755 as_root
    [ "$(as_user ./as_root --reuid=0 id -u)" -eq 0 ] || skip "no set-user-ID files here"
    # his own daemon
    # shellcheck disable=SC2046
    as_user env HOME="$PWD/home" erg-record -s procstat -o a.erg -- $(sudo_like) 2>own
    [ "$(calls a.erg)" -eq 0 ]
    [ "$(processes a other_users)" -eq 1 ]
    grep -q 'not recorded: 1 program of another user, whose LTTng daemon is another one: sudo -E' own
    [ "$(grep -c 'no layer was seen' own)" -eq 0 ]
    # root's
    export ERG_GROUP=tracing
    # shellcheck disable=SC2046
    own_daemon as_user env HOME="$PWD/home" erg-record -s procstat -o b.erg -- $(sudo_like) 2>roots
    [ "$(calls b.erg)" -eq 200 ]
    [ "$(networks b.erg)" = a ]
    [ "$(processes b other_users)" -eq 0 ]
}

@test "--attach: what is no pid and what is no process is refused before anything runs" {
    run -2 erg-record -o a.erg --attach x -- touch ran
    run -1 erg-record -o a.erg --attach 999999999 -- touch ran
    [[ "$output" == *"--attach: process 999999999: No such process"* ]]
    [ ! -e ran ]
}
