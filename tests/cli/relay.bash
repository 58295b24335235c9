# A relay daemon of LTTng on loopback. `load relay` after `load helpers`.

# relay_start: one that listens at $base (control), $base + 1 (data) and $base + 2 (live) and writes to
# ./relay; $relayd is its pid. In the background it returns when it listens, or fails where a port is
# taken.
relay_start() {
    skip_unless lttng-relayd pgrep
    mkdir relay
    for _ in {1..20}; do
        base=$((20000 + RANDOM % 12000)) # below those that the kernel gives away
        if lttng-relayd --background -o "$PWD/relay" -C tcp://127.0.0.1:$base \
            -D tcp://127.0.0.1:$((base + 1)) -L tcp://127.0.0.1:$((base + 2)) >relayd.log 2>&1 3>&-; then
            relayd=$(pgrep -f -- "-o $PWD/relay -C")
            return
        fi
    done
    cat relayd.log
    return 1
}

# relay_stop [SIGNAL]
relay_stop() {
    [ -n "${relayd:-}" ] || return 0
    kill "-${1:-TERM}" "$relayd" 2>/dev/null || true
    await gone "$relayd"
    relayd=
}
