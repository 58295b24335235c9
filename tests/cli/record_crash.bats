#!/usr/bin/env bats
# erg-record survives: recorder, workload or daemons are killed, and what was recorded is kept. Tests
# that kill daemons run as an ordinary user, whose daemons are his own.
# bats file_tags=apart
load helpers

REC=(erg-record -q -s procstat)

unpack() {
    rm -rf "${1%.erg}"
    tar -xf "$1"
    (cd "${1%.erg}" && sha256sum -c --quiet SHA256SUMS)
    babeltrace2 "${1%.erg}/trace" > "${1%.erg}.txt"
}

summary() { jq -r "$1" "$2/summary.json"; }

# bytes DIR: of the streams of samples in it
bytes() { find "$1" -name 'samples_?' -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }'; }

# spooled: the only recorder here has some packets on disk; they are closed every second.
spooled() { [ -d ./*.spool ] && [ "$(bytes ./*.spool)" -ge $((4 * 4096)) ]; }

# kept NAME BYTES: so much of the samples is in NAME.erg, and they can be read.
kept() {
    unpack "$1.erg"
    [ "$(bytes "$1/trace")" -ge "$2" ]
    [ "$(grep -c utilization_sample "$1.txt")" -ge 1 ]
}

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
    "${REC[@]}" -o a.erg -- "${UNTIL_GO[@]}" 3>&- &
    pid=$!
    await spooled
    had=$(bytes ./*.spool)
    kill -KILL $pid
    wait $pid || true
    touch go
    spool=$(echo ergtrace-$pid-*.spool)
    [ -d "$spool" ]
    recording $pid
    run -0 "${REC[@]}" -o b.erg -- true
    [[ "$output" == *"erg-record recover ./$spool"* ]]
    run ! recording $pid
    [ -d "$spool" ]
    [ ! -e "/dev/shm/${spool%.spool}" ]
    run -0 erg-record recover "$spool"
    [ ! -e "$spool" ]
    kept a "$had"
    [ "$(summary .complete a)" = false ]
    [[ "$(summary .reason a)" == *killed* ]]
    [ "$(jq -r .origin a/manifest.json)" = recovered ]
}

@test "recover without a next start brings what is in memory, and refuses a recorder that runs" {
    "${REC[@]}" -o a.erg -- "${UNTIL_GO[@]}" 3>&- &
    pid=$!
    await spooled
    run -1 erg-record recover ergtrace-$pid-*.spool -o b.erg
    [[ "$output" == *"still runs"* ]]
    had=$(bytes ./*.spool)
    kill -KILL $pid
    wait $pid || true
    touch go
    erg-record recover ergtrace-$pid-*.spool -o b.erg
    kept b "$had"
    run ! recording $pid
}

# copied TO: a copy of the spool, made while LTTng moved none of its files, with samples in what is
# not rotated yet: ./streams.
copied() {
    rm -rf "$1"
    cp -r ./*.spool "$1" 2>/dev/null || return 1
    find "$1" -path '*/archives/*' -prune -o -name 'samples_?' -size +0 -print > streams
    [ -s streams ]
}

@test "a copy of the spool taken at any instant is recovered up to the last complete packet" {
    "${REC[@]}" -o a.erg --compress during --chunk-time 1 -- "${UNTIL_GO[@]}" 3>&- &
    pid=$!
    for part in 1 2 3; do
        sleep 0.9
        await copied copy$part
        # as after a power failure: the last page of a stream never reached the disk
        while read -r f; do head -c 3000 /dev/zero >> "$f"; done < streams
    done
    touch go
    ends $pid 5
    # the unfinished archive of the copies has become the archive meanwhile
    for part in 1 2 3; do
        run -0 erg-record recover copy$part -o c$part.erg
        unpack c$part.erg
        [ "$(summary .repair.cut_bytes c$part)" -ge 3000 ]
        [ "$(summary .complete c$part)" = false ]
    done
    grep -q utilization_sample c?.txt
}

# packed: the recorder here has two chunks in the unfinished archive.
packed() { jq -e '.part.chunks >= 2' ./*.spool/state.json >/dev/null 2>&1; }

# killed_packing: a recorder that had packed chunks into the unfinished archive is killed; $spool is left
killed_packing() {
    "${REC[@]}" -o a.erg --compress during --chunk-time 0.5 -- "${UNTIL_GO[@]}" 3>&- &
    pid=$!
    await packed
    kill -KILL $pid
    wait $pid || true
    touch go
    spool=$(echo ergtrace-$pid-*.spool)
    chunks=$(jq .part.chunks "$spool/state.json")
    [ "$chunks" -ge 2 ]
}

@test "kill -9 while chunks are packed: those and the rest are recovered" {
    skip_unless jq babeltrace2
    killed_packing
    run -0 erg-record recover "$spool"
    unpack a.erg
    [ "$(summary .chunks a)" -gt "$chunks" ]
    grep -q utilization_sample a.txt
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
    # A chunk that was packed may not have left the spool yet when the recorder was killed.
    [ "$(summary .chunks c)" -ge "$(summary .chunks b)" ]
    [ "$(summary .chunks c)" -gt "$chunks" ]
    [ -z "$(ls -A moved)" ]
}

@test "recover refuses what is no spool" {
    mkdir empty
    run -1 erg-record recover empty -o a.erg
    [[ "$output" == *"no spool of erg-record"* ]]
    run -1 erg-record recover no-such-directory -o a.erg # as any other file that is not there
    run -2 erg-record recover
    mkdir bad
    echo '{"recorder":' > bad/state.json
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

# no_daemon: the user has no session daemon that runs.
no_daemon() { ! pgrep -u "$user" -r S,R,D lttng-sessiond >/dev/null; }

@test "an ordinary user has a daemon of his own, which goes when it is no longer needed" {
    user_room
    as_user "${REC[@]}" -o a.erg -- sh -c 'pgrep -u "$(id -u)" lttng-sessiond >/dev/null'
    unpack a.erg
    [ "$(summary .complete a)" = true ]
    [ "$(grep -c utilization_sample a.txt)" -ge 1 ]
    await no_daemon
}

@test "a session daemon that writes down its pid late goes, too" {
    user_room
    cat >late <<'END'
#!/bin/sh
lttng-sessiond "$@" || exit
mv ~/.lttng/lttng-sessiond.pid ~/pid
(sleep 1; mv ~/pid ~/.lttng/lttng-sessiond.pid) &
END
    chmod +x late
    as_user env LTTNG_SESSIOND_PATH="$PWD/late" "${REC[@]}" -o a.erg -- sleep 1.5
    await no_daemon
}

killed() { # killed PATTERN WHO
    user_room
    as_user "${REC[@]}" -o a.erg -- "${UNTIL_GO[@]}" > out 2> err 3>&- &
    pid=$!
    await spooled
    had=$(bytes ./*.spool)
    pkill -KILL -u "$user" "$1"
    await grep -q "$2 daemon is gone; recording ends here, the command goes on" err
    touch go
    ends $pid 1
    [ "$(cat out)" = "done" ]
    kept a "$had"
    [ "$(summary .complete a)" = false ]
    [[ "$(summary .reason a)" == *"daemon is gone"* ]]
    [ "$(summary .exit_status a)" = 5 ]
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

# leftover FOLDER: a spool as a killed recorder leaves it.
leftover() {
    [ -d convnet ] || tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    mkdir "$1"
    cp -r convnet/trace/0000 "$1/ust"
    cp convnet/manifest.json "$1/"
    jq '{run_id, begin_ns, record_begin_ns}' convnet/summary.json >"$1/state.json"
}

# What is printed for copy and paste is done by a shell: folders' names are chosen by others.
@test "the command that recovers a spool, pasted into a shell, recovers it and does nothing else" {
    skip_unless jq tar
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    run_id=$(jq -r .run_id convnet/summary.json)
    room=$PWD/$'-dir $(touch X) `touch X`\n'
    mkdir -- "$room"
    names=('a$(touch X)' "it's \"quoted\";touch X" 'two  spaces & touch X' $'new\nline; touch X' $'\e]0;title\a\e[2J'
        $'caf\xe9' $'\u202etxt.exe' 'back\\slash\\0101 100%s' '!x !! *' '')
    for name in "${names[@]}"; do
        leftover "$room/ergtrace-4194999-$name.spool"
    done
    "${REC[@]}" -o "$room/new.erg" -- true 2>said
    [ "$(grep -c 'left by a recorder that was killed' said)" -eq "${#names[@]}" ]
    run ! grep -P '[\x00-\x09\x0b-\x1f\x7f\xff\xe9]|\xe2\x80\xae' said
    sed -n 's/^.*; to keep it: \(.* -o FILE\.erg\); or remove it$/\1/p' said >lines
    [ "$(wc -l <lines)" -eq "${#names[@]}" ]
    mkdir away
    n=0
    while IFS= read -r line; do
        (cd away && sh -c "$line") 2>recovered
        n=$((n + 1))
        [ "$(ls -A away)" = FILE.erg ]
        [ "$(tar -xOf away/FILE.erg FILE/summary.json | jq -r .run_id)" = "$run_id" ]
        [ "$(find "$room" -mindepth 1 -maxdepth 1 -print0 | tr -cd '\0' | wc -c)" -eq $((${#names[@]} - n + 1)) ]
        rm away/FILE.erg
    done <lines
    [ "$(ls -A "$room")" = new.erg ]
    [ -z "$(find . -name X)" ]
}

@test "a recorder in another pid namespace leaves alone what is being recorded: its pid says nothing" {
    skip_unless unshare jq
    [ "$(id -u)" -eq 0 ] || skip "needs root, for namespaces that share /dev/shm"
    unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip "no namespaces here"
    "${REC[@]}" -o a.erg -- "${UNTIL_GO[@]}" &
    a=$!
    await recording $a
    # the same daemon, which does not know it by the pid that it has there
    unshare --pid --fork --mount --mount-proc --kill-child erg-record -q -s procstat -o b.erg -- true 2>b.err &
    b=$!
    # LTTng 2.12 takes it
    refused_or_done() { [ -e b.erg ] || grep -q 'waiting for the LTTng session daemon\|^erg-record run' b.err; }
    await refused_or_done
    kill $b || true
    wait $b || true
    # a daemon of its own, and the same memory for buffers
    unshare --mount --pid --fork --mount-proc --kill-child sh -c 'mount -t tmpfs tmpfs /run &&
        mkdir -p /run/lttng /run/lock && "$@"' sh erg-record -q -s procstat -o c.erg -- true 2>c.err
    ls -d /dev/shm/ergtrace-$a-* ./ergtrace-$a-*.spool
    run ! grep -E 'left by a recorder|ended the session' b.err c.err
    touch go
    ends $a 5
    erg-analyze verify a.erg c.erg
    [ "$(tar -xOf a.erg a/summary.json | jq .complete)" = true ]
}

@test "what others put beside the output is neither waited for, nor removed, nor recommended" {
    skip_unless jq
    mkfifo .erg-0123456789abcdef.part
    leftover ergtrace-4194999-0123456789abcdef.spool
    rm ergtrace-4194999-0123456789abcdef.spool/state.json
    mkfifo ergtrace-4194999-0123456789abcdef.spool/state.json
    leftover away
    ln -s away ergtrace-4194998-0123456789abcdef.spool
    if [ "$(id -u)" -eq 0 ]; then
        user=$(ordinary_user)
        touch .erg-0123456789abcdee.part
        leftover ergtrace-4194997-0123456789abcdef.spool
        chown -R "$user" .erg-0123456789abcdee.part ergtrace-4194997-0123456789abcdef.spool
    fi
    touch .erg-0123456789abcded.part # ours, and nobody's
    timeout 120 "${REC[@]}" -o a.erg -- true 2>said
    [ -p .erg-0123456789abcdef.part ]
    [ ! -e .erg-0123456789abcded.part ]
    run ! grep -E '419499[78]' said
    timeout 60 erg-record recover ergtrace-4194999-0123456789abcdef.spool -o b.erg 2>said || [ $? -eq 1 ]
    grep 'state.json: is no file' said
    [ -n "${user:-}" ] || return 0
    [ -e .erg-0123456789abcdee.part ]
    run -1 erg-record recover ergtrace-4194997-0123456789abcdef.spool -o b.erg
    [[ "$output" == *"ergtrace-4194997-0123456789abcdef.spool: belongs to another user"*"cp -r"* ]]
    cp -r ergtrace-4194997-0123456789abcdef.spool mine
    erg-record recover mine -o b.erg
    erg-analyze layers b.erg >/dev/null
}

@test "a lock that is another name of a file: the file is left as it is" {
    skip_unless unshare
    [ "$(id -u)" -eq 0 ] || skip "needs root, for a /run of its own"
    unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip "no namespaces here"
    unshare --mount --pid --fork --mount-proc --kill-child sh -c '
        mount -t tmpfs tmpfs /run && mkdir -p /run/lttng /run/lock || exit 77
        echo precious >/run/lock/file && ln /run/lock/file /run/lock/ergtrace-0.lock
        "$@"
        cat /run/lock/file >all' sh "${REC[@]}" -o a.erg -- true
    erg-analyze verify a.erg
    [ "$(cat all)" = precious ]
}

@test "a spool whose papers name somebody's archive as its own part: it is not taken, and not removed" {
    skip_unless jq
    leftover a.spool
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" good.erg
    jq --arg path "$PWD/good.erg" '.part = {path: $path, chunks: 1}' a.spool/state.json >state.json
    cp state.json a.spool/
    erg-record recover a.spool -o a.erg
    cmp good.erg "$ERG_SRC/tests/golden/recording/convnet.erg"
    erg-analyze verify a.erg 2>&1 | grep 'a.erg: good\|ended early'
}

@test "a call of the recorder's that fails: what is recorded is whole, or what is lost is told" {
    skip_unless lttng-relayd jq babeltrace2 lttng
    "$ERG_BUILD/tests/tools/failing-call" write true 2>/dev/null || { [ $? -ne 77 ] || skip "no listener of system calls here"; }
    fail_record() { "$ERG_SRC/tests/tools/fail-record" "$@" 3>&-; }
    # the last of these are of LTTng's buffers, without which nothing of the recorder's is recorded; that takes a minute
    last=$(fail_record archive map:ENOMEM 0-0 | sed -n 's/.* of \([0-9]*\) calls: .*/\1/p')
    fail_record archive map:ENOMEM $((last - 12))-$((last - 12))
    # one of each kind; all of them by that tool
    for fault in malloc write:ENOSPC rename:EIO; do fail_record archive $fault 1; done
    for fault in malloc connect:ECONNREFUSED; do fail_record stream $fault 1; done
}
