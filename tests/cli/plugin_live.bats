#!/usr/bin/env bats
# The babeltrace2 plugin on a live stream, which has no end and cannot begin anew.
# bats file_tags=apart
load helpers
load lttng
load relay

test_setup() {
    PLUGIN=$ERG_BUILD/analyze/plugin
    [ -e "$PLUGIN/babeltrace-plugin-erg.so" ] || skip "built without babeltrace2"
    lttng_setup
    need_daemon
    relay_start
}

teardown() {
    local s
    for s in "${started[@]}"; do lttng destroy "$s" >/dev/null 2>&1 || true; done
    relay_stop
}

# live CLASS...: what the components make of the session, in ./out and ./err
live() {
    local url="net://127.0.0.1:$((base + 2))/host/$(hostname)/$session"
    timeout 600 babeltrace2 --plugin-path="$PLUGIN" -c source.ctf.lttng-live \
        -p "inputs=[\"$url\"],session-not-found-action=\"end\"" "$@" >out 2>err
}

# watched: somebody is connected to the relay's live port.
watched() { grep -qE "^ *[0-9]+: 0100007F:$(printf %04X $((base + 2))) [0-9A-F:]+ 01 " /proc/net/tcp; }

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
    await watched
    kill -0 $pid
    lttng stop "$session" >/dev/null
    lttng destroy "$session" >/dev/null
    wait $pid
}
