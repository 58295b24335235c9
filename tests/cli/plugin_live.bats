#!/usr/bin/env bats
# The babeltrace2 plugin on a live stream, which has no end and cannot begin anew.
bats_require_minimum_version 1.5.0
load helpers
load lttng

test_setup() {
    skip_unless lttng-relayd
    PLUGIN=$ERG_BUILD/analyze/plugin
    [ -e "$PLUGIN/babeltrace-plugin-erg.so" ] || skip "built without babeltrace2"
    lttng_setup
    need_daemon
    for _ in 1 2 3 4 5; do
        base=$((20000 + RANDOM % 20000))
        lttng-relayd -o "$PWD/relay" -C tcp://127.0.0.1:$base -D tcp://127.0.0.1:$((base + 1)) \
            -L tcp://127.0.0.1:$((base + 2)) >relayd.log 2>&1 3>&- &
        relayd=$!
        sleep 0.5
        kill -0 $relayd 2>/dev/null && break
    done
}

teardown() {
    local s
    for s in "${started[@]}"; do lttng destroy "$s" >/dev/null 2>&1 || true; done
    [ -z "${relayd:-}" ] || kill "$relayd" 2>/dev/null || true
}

# live CLASS...: what the components make of the session, in ./out and ./err
live() {
    local url="net://127.0.0.1:$((base + 2))/host/$(hostname)/$session"
    timeout 60 babeltrace2 --plugin-path="$PLUGIN" -c source.ctf.lttng-live \
        -p "inputs=[\"$url\"],session-not-found-action=\"end\"" "$@" >out 2>err
}

@test "the filter says at once that it cannot; the sink prints when the session has ended" {
    lttng create "$session" --live=100000 --ctrl-url="tcp://127.0.0.1:$base" \
        --data-url="tcp://127.0.0.1:$((base + 1))" >/dev/null 3>&-
    started+=("$session")
    lttng enable-event -s "$session" -u 'ergtrace:*' >/dev/null
    lttng add-context -s "$session" -u -t vpid -t vtid >/dev/null
    lttng start "$session" >/dev/null
    run -1 live -c filter.erg.energy -c sink.text.pretty
    grep -q 'cannot begin anew: expected traces in files, not a live stream' err
    live -c sink.erg.layers &
    pid=$!
    sleep 1
    kill -0 $pid
    lttng stop "$session" >/dev/null
    lttng destroy "$session" >/dev/null
    wait $pid
}
