#!/usr/bin/env bats
# erg-record survives: recorder, workload or daemons are killed, and what was recorded is kept. Tests
# that kill daemons run as an ordinary user, whose daemons are his own.
bats_require_minimum_version 1.5.0
load helpers

REC=(erg-record -q -s procstat)

unpack() {
    rm -rf "${1%.erg}"
    tar -xf "$1"
    (cd "${1%.erg}" && sha256sum -c --quiet SHA256SUMS)
    babeltrace2 "${1%.erg}/trace" > "${1%.erg}.txt"
}

summary() { jq -r "$1" "$2/summary.json"; }

# Waits until the recorder has taken samples into the first packets: they are closed every second.
recorded() { sleep 2.3; }

user_room() {
    skip_unless jq babeltrace2 pkill
    user=$(ordinary_user)
    [ "$user" != root ] || skip "needs an ordinary user"
    [ "$(id -u)" -eq 0 ] || skip "would end the daemons of the user who runs the tests"
    room=$(mktemp -d /tmp/erg-room.XXXXXX) # the tests' own folder is closed to others
    mkdir "$room/bin" # as the checkout may be
    cp "$ERG_BUILD/record/erg-record" "$room/bin/"
    PATH=$room/bin:$PATH
    chown -R "$user" "$room"
    cd "$room"
    pkill -KILL -u "$user" lttng || true
}

teardown() {
    cd /
    [ -z "${room:-}" ] || rm -rf "$room"
}

@test "kill -9 of erg-record: the next start ends its session, recover makes the archive" {
    skip_unless jq babeltrace2
    "${REC[@]}" -o a.erg -- sleep 4 &
    pid=$!
    recorded
    kill -KILL $pid
    wait $pid || true
    spool=$(echo ergtrace-$pid-*.spool)
    [ -d "$spool" ]
    lttng list | grep -q "ergtrace-$pid-"
    run -0 "${REC[@]}" -o b.erg -- true
    [[ "$output" == *"erg-record recover ./$spool"* ]]
    ! lttng list | grep -q "ergtrace-$pid-"
    [ -d "$spool" ]
    [ ! -e "/dev/shm/${spool%.spool}" ]
    run -0 erg-record recover "$spool"
    [ ! -e "$spool" ]
    unpack a.erg
    [ "$(summary .complete a)" = false ]
    [[ "$(summary .reason a)" == *killed* ]]
    [ "$(jq -r .origin a/manifest.json)" = recovered ]
    [ "$(grep -c utilization_sample a.txt)" -ge 15 ]
}

@test "recover without a next start brings what is in memory, and refuses a recorder that runs" {
    "${REC[@]}" -o a.erg -- sleep 3 &
    pid=$!
    sleep 1.5
    run -1 erg-record recover ergtrace-$pid-*.spool -o b.erg
    [[ "$output" == *"still runs"* ]]
    kill -KILL $pid
    wait $pid || true
    erg-record recover ergtrace-$pid-*.spool -o b.erg
    unpack b.erg
    [ "$(grep -c utilization_sample b.txt)" -ge 9 ]
    ! lttng list | grep -q "ergtrace-$pid-"
}

@test "a copy of the spool taken at any instant is recovered up to the last complete packet" {
    "${REC[@]}" -o a.erg --compress during --chunk-time 1 -- sleep 4.5 &
    pid=$!
    sleep 1
    for part in 1 2 3; do
        sleep 0.9
        cp -r ergtrace-$pid-*.spool copy$part
        # as after a power failure: the last page of a stream never reached the disk
        find copy$part -path '*/archives/*' -prune -o -name 'samples_?' -print > streams
        [ -s streams ]
        while read -r f; do head -c 3000 /dev/zero >> "$f"; done < streams
    done
    wait $pid
    # the unfinished archive of the copies has become the archive meanwhile
    for part in 1 2 3; do
        run -0 erg-record recover copy$part -o c$part.erg
        unpack c$part.erg
        [ "$(summary .repair.cut_bytes c$part)" -ge 3000 ]
        [ "$(summary .complete c$part)" = false ]
    done
    [ "$(cat c?.txt | grep -c utilization_sample)" -ge 10 ]
}

# killed_packing: a recorder that had packed chunks into the unfinished archive is killed; $spool is left
killed_packing() {
    "${REC[@]}" -o a.erg --compress during --chunk-time 0.5 -- sleep 20 &
    pid=$!
    spool=
    for _ in $(seq 100); do
        sleep 0.1
        [ -e ergtrace-$pid-*.spool/state.json ] || continue
        spool=$(echo ergtrace-$pid-*.spool)
        [ "$(jq '.part.chunks // 0' "$spool/state.json")" -ge 2 ] && break
    done
    kill -KILL $pid
    wait $pid || true
    chunks=$(jq .part.chunks "$spool/state.json")
    [ "$chunks" -ge 2 ]
}

@test "kill -9 while chunks are packed: those and the rest are recovered" {
    skip_unless jq babeltrace2
    killed_packing
    run -0 erg-record recover "$spool"
    unpack a.erg
    [ "$(summary .chunks a)" -gt "$chunks" ]
    [ "$(grep -c utilization_sample a.txt)" -ge 10 ]
    [ "$(ls -A | grep -c '^\.erg\|spool$')" -eq 0 ]
}

@test "a spool without its unfinished archive: the rest is recovered, and what is missing is said" {
    skip_unless jq babeltrace2
    killed_packing
    mkdir elsewhere moved
    mv .erg-*.keep elsewhere
    run -0 erg-record recover "$spool" -o b.erg
    [[ "$output" == *"the spool is kept; its first $chunks chunks were in "*".keep, which is missing"* ]]
    unpack b.erg
    [[ "$(summary .reason b)" == *"its first $chunks chunks were in "* ]]
    # it turns up, beside the spool that was moved
    mv "$spool" elsewhere/.erg-*.keep moved
    run -0 erg-record recover moved/*.spool -o c.erg
    unpack c.erg
    [ "$(summary .chunks c)" -gt "$(summary .chunks b)" ]
    [ -z "$(ls -A moved)" ]
}

@test "recover refuses what is no spool" {
    mkdir empty
    run -1 erg-record recover empty -o a.erg
    [[ "$output" == *"no spool of erg-record"* ]]
    run -2 erg-record recover no-such-directory -o a.erg
    run -2 erg-record recover
    mkdir bad && echo '{"recorder":' > bad/state.json
    run -1 erg-record recover bad -o a.erg
    [[ "$output" == *"state.json: line"* ]]
    [ ! -e a.erg ]
}

@test "kill -9 of the workload: its signal is the outcome, the recording is complete" {
    run -137 "${REC[@]}" -o a.erg -- sh -c 'sleep 0.3; kill -KILL $$'
    unpack a.erg
    [ "$(summary .complete a)" = true ]
    [ "$(summary .signal a)" = 9 ]
}

@test "an ordinary user has a daemon of his own, which goes when it is no longer needed" {
    user_room
    as_user "${REC[@]}" -o a.erg -- sh -c 'pgrep -u "$(id -u)" lttng-sessiond >/dev/null'
    unpack a.erg
    [ "$(summary .complete a)" = true ]
    [ "$(grep -c utilization_sample a.txt)" -ge 1 ]
    for _ in $(seq 50); do
        pgrep -u "$user" -r S,R,D lttng-sessiond >/dev/null || break
        sleep 0.1
    done
    ! pgrep -u "$user" -r S,R,D lttng-sessiond
}

killed() { # killed PATTERN WHO
    user_room
    as_user "${REC[@]}" -o a.erg -- sh -c 'sleep 4; echo done; exit 5' > out 2> err &
    pid=$!
    recorded
    pkill -KILL -u "$user" "$1"
    rc=0
    wait $pid || rc=$?
    [ "$rc" -eq 1 ]
    [ "$(cat out)" = "done" ]
    grep -q "$2 daemon is gone; recording ends here, the command goes on" err
    unpack a.erg
    [ "$(summary .complete a)" = false ]
    [[ "$(summary .reason a)" == *"daemon is gone"* ]]
    [ "$(summary .exit_status a)" = 5 ]
    [ "$(grep -c utilization_sample a.txt)" -ge 8 ]
    erg-analyze info a.erg >info 2>warnings
    grep -q "^lost  *unknown" info
    grep -q "the recording ended early: the LTTng $2 daemon is gone" warnings
    # and the next recording works
    as_user "${REC[@]}" -o b.erg -- true
    unpack b.erg
    [ "$(summary .complete b)" = true ]
}

@test "the consumer daemon is killed: what was recorded is kept, the command goes on" {
    killed lttng-consumerd consumer
}

@test "the session daemon is killed: what was recorded is kept, the command goes on" {
    killed lttng-sessiond session
}

@test "both daemons are killed: what was recorded is kept, the command goes on" {
    killed lttng session
}
