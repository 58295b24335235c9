#!/usr/bin/env bats
# erg-record --to HOST and erg-record collect, over lttng-relayd on loopback.
# bats file_tags=apart
load helpers
load relay

test_setup() {
    skip_unless jq babeltrace2
    relay_start
    to=127.0.0.1:$base:$((base + 1))
}

teardown() { relay_stop; }

unpack() {
    tar -xf "$1"
    (cd "${1%.erg}" && sha256sum -c --quiet SHA256SUMS)
    babeltrace2 "${1%.erg}/trace" > "${1%.erg}.txt"
}

@test "a stream becomes an archive on the other machine" {
    run -5 erg-record -q -s procstat --to "$to" --tag board=a -- sh -c 'sleep 1; exit 5'
    erg-record collect --from relay --list | grep -q complete
    erg-record collect --from relay -o a.erg
    unpack a.erg
    [ "$(jq -r .tags.board a/manifest.json)" = a ]
    [ "$(jq -r .origin a/manifest.json)" = collected ]
    [ "$(jq -r .complete a/summary.json)" = true ]
    [ "$(jq -r .exit_status a/summary.json)" = 5 ]
    [ "$(grep -c utilization_sample a.txt)" -ge "$(jq '[.sources[].reads] | add' a/summary.json)" ]
}

# packet_cut FILE: without its last packet. A packet has its size in bits at byte 56, in metadata at 28.
packet_cut() {
    python3 - "$1" <<'END'
import os, struct, sys
data = open(sys.argv[1], "rb").read()
fields = ("<I", 28) if data[:4] == bytes.fromhex("571dd175") else ("<Q", 56)
ends = [0]
while ends[-1] < len(data):
    ends.append(ends[-1] + struct.unpack_from(fields[0], data, ends[-1] + fields[1])[0] // 8)
os.truncate(sys.argv[1], ends[-2])
END
}

@test "a recording of which one stream lacks its last packet is not complete, and says which" {
    skip_unless python3
    erg-record -q -s procstat --to "$to" -- true
    relay_stop
    mv relay whole
    n=0
    for stream in $(cd whole && find . -path '*-bit/*' -type f ! -name '*.idx'); do
        rm -rf relay
        cp -a whole relay
        packet_cut "relay/$stream"
        erg-record collect --from relay --list >listed
        [ "$(grep -c complete listed)" -eq 0 ]
        erg-record collect --now --force --from relay -o a.erg
        [ "$(tar -xOf a.erg a/summary.json | jq -r .complete)" = false ]
        tar -xOf a.erg a/summary.json | jq -r .reason >>reasons
        rm -rf a
        unpack a.erg
        n=$((n + 1))
    done
    grep -q 'the stream ended before the recording did: .*/layers_0 ' reasons
    grep -q 'the stream ended before the recording did: .*/metadata is cut' reasons
    [ "$(grep -c 'the stream ended before the recording did' reasons)" -eq "$n" ]
    erg-record collect --from whole -o b.erg
    [ "$(tar -xOf b.erg b/summary.json | jq -r .complete)" = true ]
}

@test "several devices at once, into a directory" {
    erg-record -q -s procstat --to "$to" -- sleep 0.5 &
    pid=$!
    erg-record -q -s procstat --to "$to" -- sleep 0.7
    wait $pid
    run -1 erg-record collect --from relay -o one.erg
    [[ "$output" == *"2 streams; choose one by --run, or give a directory"* ]]
    mkdir out
    erg-record collect --from relay -o out
    [ "$(find out -name '*.erg' | wc -l)" -eq 2 ]
}

# forge FROM TO: another text of the same length in the documents of the relay's traces. A piece is
# "erg-document RUN NAME PART/PARTS LENGTH SHA256", a newline and LENGTH bytes.
forge() {
    python3 - "$@" <<'END'
import glob, hashlib, re, sys
old, new = (a.encode() for a in sys.argv[1:])
for path in glob.glob("relay/**/samples_*", recursive=True):
    data = open(path, "rb").read()
    for m in re.finditer(rb"erg-document \S+ \S+ \d+/\d+ (\d+) ([0-9a-f]{64})\n", data):
        piece = data[m.end():m.end() + int(m[1])].replace(old, new)
        head = m[0].replace(m[2], hashlib.sha256(piece).hexdigest().encode())
        data = data[:m.start()] + head + piece + data[m.end() + len(piece):]
    open(path, "wb").write(data)
END
}

@test "what a device calls itself leads to no other directory" {
    skip_unless python3
    [ "$(id -u)" -eq 0 ] || skip "sets a host name of its own"
    unshare -u sh -c 'echo some-device >/proc/sys/kernel/hostname && exec "$@"' sh \
        erg-record -q -s procstat --to "$to" -- true
    forge '"hostname":"some-device"' '"hostname":"../x-device"'
    mkdir -p deep/out
    erg-record collect --from relay -o deep/out
    [ "$(find deep -name '*.erg')" = "$(find deep/out -name '.._x*.erg')" ]
    [[ "$(erg-record collect --from relay --list | cut -f 2)" == .._x* ]]
}

@test "what a device calls itself is no command of the terminal" {
    [ "$(id -u)" -eq 0 ] || skip "sets a host name of its own"
    esc=$'\e'
    unshare -u sh -c 'echo "$1" >/proc/sys/kernel/hostname; shift; exec "$@"' sh "x${esc}[31mx" \
        erg-record -q -s procstat --to "$to" -- true
    run -0 erg-record collect --from relay --list
    [[ "$output" == *"x_[31mx"* && "$output" != *"$esc"* ]]
    # the relay's directory has the name that the session daemon saw, or not
    dir=$(echo relay/*)
    [ "$dir" = "relay/x${esc}[31mx" ] || mv "$dir" "relay/x${esc}[31mx"
    run -0 erg-record collect --from relay -o a.erg
    [[ "$output" == *"x?[31mx"* && "$output" != *"$esc"* ]]
    run -1 erg-record collect --from relay -o a.erg
    [[ "$output" == *"a.erg: exists already"* ]]
}

# arrived: an archive of what the relay has is of the command and has some samples.
arrived() {
    erg-record collect --now --force --from relay -o now.erg >/dev/null 2>&1 || return 1
    rm -rf now
    tar -xf now.erg
    jq -e .command now/manifest.json && [ "$(babeltrace2 now/trace | grep -c utilization_sample)" -ge 9 ]
} >/dev/null

@test "the relay is killed: the command goes on, and what had arrived is an archive" {
    erg-record -q -s procstat --to "$to" -- "${UNTIL_GO[@]}" >out 3>&- &
    pid=$!
    await arrived
    relay_stop KILL
    touch go
    ends $pid 1
    [ "$(cat out)" = "done" ]
    # what a relay daemon may still write is not touched, though it ends in a piece of a packet
    printf 'a piece of a packet' >>"$(find relay -name 'samples_*' ! -name '*.idx' | head -1)"
    find relay -type f -exec sha256sum {} + | sort >before
    erg-record collect --now --from relay -o a.erg
    find relay -type f -exec sha256sum {} + | sort | diff before -
    [ "$(echo a.erg*)" = a.erg ]
    unpack a.erg
    [ "$(jq -r .complete a/summary.json)" = false ]
    [[ "$(jq -r .reason a/summary.json)" == *"stream ended"* ]]
    [ "$(jq -r '.command[0]' a/manifest.json)" = sh ]
    [ "$(grep -c utilization_sample a.txt)" -ge 9 ]
}

# in_network SCRIPT: bash in a network and with daemons of its own, all of which end with it; the relay
# daemon of the test is of no use there. LTTng gives up soon.
in_network() {
    [ "$(id -u)" -eq 0 ] || skip "makes a network of its own"
    skip_unless ip unshare
    export -f arrived
    LTTNG_NETWORK_SOCKET_TIMEOUT=5000 unshare -n -m -p -f --mount-proc --kill-child \
        --propagation private bash -c "
            mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm && mkdir /run/lock &&
                ip link set lo up || exit 99
            $1"
}

@test "the connection is cut: the command goes on, and what had arrived is an archive" {
    in_network '
        lttng-relayd -o "$PWD/relay" -C tcp://127.0.0.1:5342 -D tcp://127.0.0.1:5343 \
            -L tcp://127.0.0.1:5344 >relayd.log 2>&1 3>&- &
        until (</dev/tcp/127.0.0.1/5342) 2>/dev/null; do sleep 0.1; done
        erg-record -q -s procstat --to 127.0.0.1 -- sh -c "until [ -e cut ]; do sleep 0.1; done
            sleep 2; touch ran; exit 5" 2>err 3>&- &
        until arrived; do sleep 0.1; done
        ip link set lo down
        touch cut
        wait $!
        echo $? >rc
    '
    [ "$(cat rc)" -eq 1 ]
    [ -e ran ]
    grep -q "streaming to lttng-relayd at .*127.0.0.1: .*the recording is not complete" err
    erg-record collect --now --from relay -o a.erg
    unpack a.erg
    [ "$(jq -r .complete a/summary.json)" = false ]
    [ "$(grep -c utilization_sample a.txt)" -ge 9 ]
}

@test "a relay that accepts and is silent is given up, and the next recording works" {
    skip_unless python3
    in_network '
        python3 -c "import socket, time
s = [socket.create_server((\"127.0.0.1\", p)) for p in (5342, 5343)]
time.sleep(60)" 3>&- &
        until (</dev/tcp/127.0.0.1/5342) 2>/dev/null; do sleep 0.1; done
        erg-record -q -s procstat --to 127.0.0.1 -- touch ran 2>err 3>&-
        echo $? >rc
        erg-record -q -s procstat -o b.erg -- true 3>&-
    '
    [ "$(cat rc)" -eq 1 ]
    [ ! -e ran ]
    grep -q "streaming to lttng-relayd at .*127.0.0.1: LTTng: " err
    erg-analyze verify b.erg
}

@test "a name that the relay can give no directory is refused at once" {
    [ "$(id -u)" -eq 0 ] || skip "sets a host name of its own"
    for name in a/b .. ""; do
        run -1 unshare -u sh -c 'echo "$1" >/proc/sys/kernel/hostname; shift; exec "$@"' sh \
            "$name" erg-record -q -s procstat --to "$to" -- touch ran
        [[ "$output" == *"--to $to: this machine is called '$name': expected "* ]]
    done
    [ ! -e ran ]
}

@test "a destination that cannot be one: one line, and nothing is started" {
    for bad in 127.0.0.1:notaport 127.0.0.1:99999 127.0.0.1:1:2:3 ::1 '[::1' net://127.0.0.1; do
        run -1 erg-record -q -s procstat --to "$bad" -- touch ran
        [ "$output" = "erg-record run: --to $bad: expected HOST[:PORT[:DATA-PORT]], an IPv6 address in brackets" ]
    done
    run -1 erg-record -q -s procstat --to "no host" -- touch ran
    [[ "$output" == "erg-record run: --to no host: no address of 'no host': "* ]]
    [ "${#lines[@]}" -eq 1 ]
    [ ! -e ran ]
}

@test "an IPv6 address" {
    in_network '
        [ -e /proc/net/if_inet6 ] || exit 77
        lttng-relayd -o "$PWD/relay" -C tcp6://[::1]:5342 -D tcp6://[::1]:5343 \
            -L tcp6://[::1]:5344 >relayd.log 2>&1 3>&- &
        until (</dev/tcp/::1/5342) 2>/dev/null; do sleep 0.1; done
        erg-record -q -s procstat --to "[::1]" -- true 3>&-
    ' || { [ $? -eq 77 ] || false; skip "no IPv6"; }
    erg-record collect --from relay --list | grep -q complete
}

@test "a relay that refuses, and nothing to collect: one line each" {
    relay_stop
    run -1 erg-record -q -s procstat --to "$to" -- touch ran
    [[ "$output" == *"net://$to: no lttng-relayd answers there: Connection refused" ]]
    [ ! -e ran ]
    run -1 erg-record collect --from relay -o a.erg
    [[ "$output" == *"no stream of erg-record"* ]]
    run -2 erg-record collect
    run -2 erg-record run --to "$to" -o a.erg -- true
}
