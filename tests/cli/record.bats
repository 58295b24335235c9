#!/usr/bin/env bats
# erg-record run: what comes out, and that nothing else is left behind.
# bats file_tags=apart
load helpers

REC=(erg-record -q -s procstat)

teardown() { umount -l small tiny 2>/dev/null || true; }

# Nothing of this test's recordings is left: no spool, no part, no session.
nothing_left() {
    [ -z "$(find . -maxdepth 1 \( -name '*.spool' -o -name '.erg-*' \))" ]
    ! lttng --no-sessiond list 2>/dev/null | grep -q "$BATS_TEST_TMPDIR" || false
}

unpack() {
    rm -rf "${1%.erg}"
    tar -xf "$1"
    (cd "${1%.erg}" && sha256sum -c --quiet SHA256SUMS)
}

summary() { jq -r "$1" "$2/summary.json"; }

# A command that ends when the unfinished archive has as many chunks as it is told.
PACKED=(sh -c 'until jq -e ".part.chunks >= $0" ./*.spool/state.json >/dev/null; do sleep 0.1; done')

# whole ARCHIVE: each reading of the CPUs' time is in its trace. Others may record at the same time.
whole() {
    [ "$(babeltrace2 "$1/trace" | grep -c 'ergtrace:utilization_sample')" -ge \
        "$(summary '[.sources[] | select(.kind == "procstat") | .reads] | add' "$1")" ]
}

@test "a command's archive has manifest, trace and summary that standard tools read" {
    skip_unless jq babeltrace2
    "${REC[@]}" -o a.erg --tag heatsink=off --tag "ambient_c=23.5" -- sleep 0.3
    unpack a.erg
    [ "$(jq -r '.format + (.version|tostring)' a/manifest.json)" = erg-manifest1 ]
    [ "$(jq -c '.command' a/manifest.json)" = '["sleep","0.3"]' ]
    [ "$(jq -r '.tags.heatsink' a/manifest.json)" = off ]
    [ "$(jq -r '.tags.ambient_c' a/manifest.json)" = 23.5 ]
    [ "$(jq -r '.executable.sha256' a/manifest.json)" = "$(sha256sum "$(command -v sleep)" | cut -d' ' -f1)" ]
    [ "$(summary .complete a)" = true ]
    [ "$(summary .exit_status a)" = 0 ]
    [ "$(summary '.lost.layer_events + .lost.sample_events' a)" = 0 ]
    [ "$(summary '(.end_ns - .begin_ns) >= 300000000' a)" = true ]
    babeltrace2 a/trace > text
    grep -q 'ergtrace:process_define:.*recorder' text
    grep -q 'ergtrace:source_define:.*procstat' text
    whole a
    grep -q "run = \"$(jq -r .run_id a/manifest.json)\", role = \"recorder\"" text
    nothing_left
}

@test "the command's streams, arguments and exit status are its own" {
    run -7 --separate-stderr "${REC[@]}" -o a.erg -- sh -c 'cat; echo err >&2; exit 7' <<< "in put"
    [ "$output" = "in put" ]
    [[ "$stderr" == *err* ]]
    run -143 "${REC[@]}" -o b.erg -- sh -c 'kill -TERM $$'
    unpack b.erg
    [ "$(summary .signal b)" = 15 ]
    nothing_left
}

@test "the command gets the run's id; what is not annotated has nothing loaded into it" {
    "${REC[@]}" -o a.erg -- sh -c 'echo "$ERG_RUN_ID $LD_PRELOAD"; cat /proc/self/maps' >out
    unpack a.erg
    [ "$(head -1 out)" = "$(jq -r .run_id a/manifest.json) " ]
    [ "$(grep -c lttng out)" -eq 0 ]
}

# slices FILE: process and name of each layer instance, in order of time
slices() {
    erg-analyze export --to perfetto-json "$1" -o slices.json 2>/dev/null
    jq -r '[.traceEvents[] | select(.cat == "layer")] | sort_by(.ts)[] | "\(.pid) \(.name)"' slices.json
}

@test "forked children are processes of their own, with LTTng's preload and without" {
    skip_unless jq babeltrace2
    app=$ERG_BUILD/tests/trace/trace-app
    for program in "$app" "env LD_PRELOAD=liblttng-ust-fork.so.1 $app"; do
        timeout 600 "${REC[@]}" --force -o a.erg -- $program network:net layer:l forks:5=l
        unpack a.erg
        [ "$(summary .lost.layer_events a)" = 0 ]
        slices a.erg | sort | uniq -c | awk '$1 == 10 && $3 == "l" { print $2 }' >children
        [ "$(wc -l <children)" -eq 5 ]
        babeltrace2 a/trace >text
        while read -r pid; do
            grep "process_define.*vpid = $pid,.*run = \"$(jq -r .run_id a/manifest.json)\", role = \"app\"" text
        done <children
        # parent and child go on with the same layers
        timeout 600 "${REC[@]}" -o b.erg --force -- $program network:net layer:l both begin:l end:l begin:net end:net
        [ "$(slices b.erg | sort -u | wc -l)" -eq 4 ]
        [ "$(slices b.erg | cut -d' ' -f1 | sort -u | wc -l)" -eq 2 ]
    done
}

@test "a program that becomes another one defines its layers anew" {
    skip_unless jq
    app=$ERG_BUILD/tests/trace/trace-app
    "${REC[@]}" -o a.erg -- "$app" network:a layer:l counter:c=0 begin:l end:l exec \
        network:b layer:k counter:d=0 begin:k counter:d=3 end:k
    slices a.erg | cut -d' ' -f2 | diff - <(printf '%s\n' l k)
    [ "$(slices a.erg | cut -d' ' -f1 | sort -u | wc -l)" -eq 1 ]
    # the same in a child
    "${REC[@]}" --force -o a.erg -- "$app" network:a layer:l begin:l end:l fork begin:l end:l exec \
        network:b layer:k begin:k end:k
    slices a.erg | cut -d' ' -f2 | diff - <(printf '%s\n' l l k)
}

@test "threads are shown by their names" {
    skip_unless jq
    "${REC[@]}" -o a.erg -- "$ERG_BUILD/tests/trace/trace-app" network:net layer:l name:decoder begin:l end:l threads:1=l
    erg-analyze info --format json a.erg >info.json 2>/dev/null
    jq -e '.files[0].tracks | length == 2 and .[0].name == "decoder" and (.[1].name | startswith("thread "))' info.json
    erg-analyze export --to perfetto-json a.erg -o a.json 2>/dev/null
    jq -e '[.traceEvents[] | select(.name == "thread_name" and .args.name == "decoder")] | length == 1' a.json
    # tracks of two processes that run at once: each process counts once
    "${REC[@]}" --force -o a.erg -- "$ERG_BUILD/tests/trace/trace-app" network:net layer:l both threads:3=l begin:l end:l
    erg-analyze info --format json a.erg >info.json 2>/dev/null
    jq -e '.files[0] | .processes == 2 and (.tracks | length == 8)' info.json
}

# Counted while it is recorded, and decoded from the chunks: two ways to the same.
@test "the summary has of each channel how many readings it had, when, and their mean" {
    skip_unless jq
    mkdir -p sys/class/hwmon/hwmon0 sys/class/powercap/intel-rapl:0
    echo ina3221 >sys/class/hwmon/hwmon0/name
    echo VDD_IN >sys/class/hwmon/hwmon0/in1_label
    echo 5000 >sys/class/hwmon/hwmon0/in1_input
    echo 1200 >sys/class/hwmon/hwmon0/curr1_input
    echo package-0 >sys/class/powercap/intel-rapl:0/name
    echo 7000000 >sys/class/powercap/intel-rapl:0/energy_uj
    echo 262143328850 >sys/class/powercap/intel-rapl:0/max_energy_range_uj
    cat >work <<'END'
#!/bin/sh
for i in 1 2 3 4 5 6 7 8 9; do
    # over what is there: a file that is emptied first is empty for a moment, and a reading of it fails
    echo $((1000 + i * 100)) 1<>sys/class/hwmon/hwmon0/curr1_input
    echo $((7000000 + i * 400000)) 1<>sys/class/powercap/intel-rapl:0/energy_uj
    sleep 0.05
done
END
    chmod +x work
    erg-record -q -s hwmon,powercap --sysfs sys -o a.erg -- ./work
    erg-analyze info --format json a.erg >i.json 2>/dev/null
    tar -xOf a.erg a/summary.json >s.json
    jq -c '[.sources[].channels[] | [.rail, .quantity, .readings]]' s.json >got
    jq -c '[.files[0].channels[] | [.rail, .quantity, .readings]]' i.json | diff - got
    jq -e '[.sources[].channels[] | .readings > 100 and .last_ns > .first_ns and
        (.mean != null) == (.quantity != "energy")] | all' s.json
    # of a current with its voltage the power, of energy what was counted
    jq '[.sources[].channels[] | select(.mean_w) | {key: .rail, value: (.mean_w * 1e6 | round)}] | from_entries' s.json >got
    jq -e 'keys == ["VDD_IN", "package-0"]' got
    jq '[.files[0].rails[] | {key: .rail, value: (.mean_w * 1e6 | round)}] | from_entries' i.json | diff - got
    jq -e '.VDD_IN > 5000000 and .VDD_IN < 9500000' got
    # how long a read took, to the ns of its half
    jq '[.sources[] | .read_ns as $t | .channels[] | $t]' s.json >read
    jq -e --slurpfile r read '[[.files[0].channels[].read_s * 1e9], $r[0]] | transpose | all((.[0] - .[1] | fabs) <= 2)' i.json
    # what is added is counted too
    jq -r .begin_ns s.json | awk '{ print "time_ns,METER [W]"; for (i = 0; i < 400; i++) printf "%.0f,%d\n", $1 + i * 1e6, i % 2 }' >p.csv
    erg-record import --onto a.erg --samples p.csv -o b.erg
    tar -xOf b.erg b/summary.json | jq -e --slurpfile s s.json '.sources[:2] == $s[0].sources and
        (.sources[2].channels[0] | .rail == "METER" and .readings == 400 and .mean == 0.5)'
}

@test "no such command and no permission: one line, exit 1, nothing left" {
    run ! "${REC[@]}" -o a.erg -- ./no-such-command
    [ "$status" -eq 1 ]
    [[ "$output" == *"./no-such-command: no such command"* ]]
    [ "${#lines[@]}" -eq 1 ]
    run ! "${REC[@]}" -o a.erg -- no-such-command-in-path
    [[ "$output" == *"no such command"* ]]
    touch infer.py
    run ! "${REC[@]}" -o a.erg -- infer.py
    [ "$status" -eq 1 ]
    [[ "$output" == *"infer.py: no such command in PATH; the file here is run by ./infer.py, or by its interpreter: python3 infer.py" ]]
    touch plain
    chmod 644 plain
    run ! "${REC[@]}" -o a.erg -- ./plain
    [ "$status" -eq 1 ]
    [[ "$output" == *"./plain: not permitted to execute it"* ]]
    printf 'no program' > junk
    chmod 755 junk
    run ! "${REC[@]}" -o a.erg -- ./junk
    [ "$status" -eq 1 ]
    [[ "$output" == *"./junk: neither a program nor a script"* ]]
    [ ! -e a.erg ]
    nothing_left
}

@test "an output that exists is refused, and replaced with --force" {
    echo precious > a.erg
    run ! "${REC[@]}" -o a.erg -- touch ran
    [ "$status" -eq 1 ]
    [[ "$output" == *"a.erg: exists already (--force replaces it)"* ]]
    [ "$(cat a.erg)" = precious ]
    [ ! -e ran ]
    "${REC[@]}" -o a.erg --force -- true
    unpack a.erg
    run ! "${REC[@]}" -o no/such/dir/a.erg -- touch ran
    [ ! -e ran ]
    nothing_left
}

@test "wrong options: exit 2 and what was expected" {
    run -2 erg-record run --rate fast -- true
    [[ "$output" == *"--rate 'fast': expected a number"* ]]
    run -2 erg-record run --rate 1e9 -- true
    run -2 erg-record run --dither 200 -- true
    run -2 erg-record run --compress later -- true
    [[ "$output" == *"expected during or after"* ]]
    run -2 erg-record run --tag nonsense -- true
    [[ "$output" == *"expected KEY=VALUE"* ]]
    run -2 erg-record run --annotate nonsense -- true
    [[ "$output" == *"expected names of"* ]]
    run -2 erg-record run -o a.erg
    [[ "$output" == *"expected -- COMMAND or --duration"* ]]
    run -2 erg-record run --duration 1 --process-counters none -o a.erg
    [[ "$output" == *"expected -- COMMAND or --beside"* ]]
    run -2 erg-record run --duration 1 --progress p -o a.erg
    [[ "$output" == *"expected -- COMMAND"* ]]
    run -2 erg-record run --no-such-option -- true
    run -2 erg-record nonsense
    run -2 erg-record -q -s no-such-source -o a.erg -- true
    [ ! -e a.erg ]
    nothing_left
}

@test "files of programs that run beside: what never told anything is told" {
    echo "$$ 0 0 0 $$" >there
    erg-record run -s procstat --beside known="$PWD/there" --beside lost="$PWD/nowhere" -o a.erg -- sleep 0.5 2>err
    grep "lost: $PWD/nowhere never had a line" err
    ! grep 'known:' err || return 1
}

@test "--help of every verb" {
    for verb in $(erg-record --help | awk '/^Verbs:/ {v = 1; next} /^$/ {v = 0} v {print $1}'); do
        run -0 erg-record "$verb" --help
        [[ "$output" == *"Usage: erg-record "*"$verb"* || "$output" == *"sage: erg-record"* ]]
    done
    erg-record --version | grep -q '^erg-record [0-9]'
}

@test "SIGINT and SIGTERM reach the command, which decides" {
    skip_unless jq
    for sig in INT TERM; do
        # a shell starts background commands with SIGINT ignored
        env --default-signal=INT "${REC[@]}" --force -o a.erg -- \
            sh -c "trap 'echo caught; exit 9' $sig; touch up; while :; do sleep 0.05; done" > out &
        pid=$!
        await [ -e up ]
        kill -"$sig" $pid
        ends $pid 9
        [ "$(cat out)" = caught ]
        rm up
        unpack a.erg
        [ "$(summary .complete a)" = true ]
        [ "$(summary .exit_status a)" = 9 ]
    done
    nothing_left
}

@test "the duration: the machine without a command, and a limit with one" {
    skip_unless jq
    "${REC[@]}" -o a.erg --duration 0.5
    unpack a.erg
    [ "$(summary '(.end_ns - .begin_ns) / 1e8 | floor' a)" -ge 5 ]
    [ "$(jq -c .command a/manifest.json)" = '[]' ]
    run -143 "${REC[@]}" -o b.erg --duration 0.3 -- sleep 30
    nothing_left
}

@test "an interrupted recording of the machine is an archive" {
    env --default-signal=INT "${REC[@]}" -o a.erg --duration 60 &
    pid=$!
    await recording $pid
    kill -INT $pid
    ends $pid 0
    unpack a.erg
    nothing_left
}

@test "--idle records baselines as phases before and after" {
    skip_unless babeltrace2
    "${REC[@]}" -o a.erg --idle 0.3 -- true
    unpack a.erg
    babeltrace2 a/trace > text
    [ "$(grep -c 'phase_begin:.*"idle"' text)" -eq 2 ]
    [ "$(grep -c 'phase_end:.*"idle"' text)" -eq 2 ]
    # interrupted in the first baseline: nothing has been measured, nothing stays
    env --default-signal=INT "${REC[@]}" -o b.erg --idle 30 -- touch ran &
    pid=$!
    await recording $pid
    kill -INT $pid
    ends $pid 1
    [ ! -e ran ]
    [ ! -e b.erg ]
    nothing_left
}

@test "recordings at the same time do not disturb each other" {
    skip_unless jq
    "${REC[@]}" -o a.erg -- sleep 1 &
    "${REC[@]}" -o b.erg -- sleep 0.5 &
    "${REC[@]}" -o c.erg -- true
    wait
    for f in a b c; do
        unpack $f.erg
        [ "$(summary .complete $f)" = true ]
    done
    [ "$(cat ?/manifest.json | jq -r .run_id | sort -u | wc -l)" -eq 3 ]
    nothing_left
}

@test "--compress during: chunks leave the spool while the recording goes on" {
    skip_unless jq babeltrace2
    "${REC[@]}" -o a.erg --compress during --chunk-time 0.7 -- "${PACKED[@]}" 2
    unpack a.erg
    [ "$(summary .chunks a)" -ge 3 ]
    [ "$(find a/trace -mindepth 1 -maxdepth 1 | wc -l)" -eq "$(summary .chunks a)" ]
    whole a
    nothing_left
}

@test "a clock plug-in in the environment gets a warning" {
    LTTNG_UST_CLOCK_PLUGIN=/no/such.so run -0 "${REC[@]}" -o a.erg -- true
    [[ "$output" == *"LTTNG_UST_CLOCK_PLUGIN is set"* ]]
}

@test "a source that fails is counted, and the others go on" {
    skip_unless jq
    erg-record -q -s 'procstat,exec:echo "1 x 1 W"; until [ -e run ]; do sleep 0.05; done; touch failed; exit 1' \
        -o a.erg -- sh -c 'touch run; until [ -e failed ]; do sleep 0.05; done; sleep 1'
    unpack a.erg
    [ "$(summary '[.sources[] | select(.kind == "procstat") | .errors] | add' a)" = 0 ]
    [ "$(summary '[.sources[] | select(.kind == "exec") | .errors] | add > 0' a)" = true ]
    whole a
}

@test "the spool stays below its limit, whatever the command that goes on emits" {
    skip_unless jq
    rc=0
    "${REC[@]}" --spool-limit 16 -o a.erg -- sh -c '
        until grep -q "near its limit" err; do "$0" 200000 1; done; du -sk ./*.spool >size; touch ran' \
        "$ERG_BUILD/tests/bench/bench-layers" 2>err || rc=$?
    [ "$rc" -eq 1 ]
    [[ "$(cat err)" == *"the spool is near its limit of 16 MiB; recording ends here, the command goes on"* ]]
    [ -e ran ]
    [ "$(cut -f 1 size)" -le 16384 ]
    unpack a.erg
    [ "$(summary .complete a)" = false ]
    [[ "$(summary .reason a)" == *"near its limit"* ]]
    nothing_left
}

@test "chunks rotate by size, and no layer is lost between them" {
    skip_unless jq
    "${REC[@]}" --chunk 1 -o a.erg -- sh -c '
        until [ "$(ls ./*.spool/archives 2>/dev/null | wc -l)" -ge 2 ]; do "$0" 50000 1; done' \
        "$ERG_BUILD/tests/bench/bench-layers" >emitted
    unpack a.erg
    [ "$(summary .chunks a)" -ge 3 ]
    if [ "$(summary .lost.layer_events a)" -eq 0 ]; then # but what a busy machine loses
        [ "$(erg-analyze info --format json a.erg | jq '.files[0].layer_events')" -eq \
            "$(awk '{ n += $1 } END { print n }' emitted)" ]
    fi
}

@test "disk full while spooling and while archiving: the command goes on, nothing is lost" {
    [ "$(id -u)" -eq 0 ] || skip "needs a filesystem of its own"
    mkdir small && mount -t tmpfs -o size=3m none small || skip "cannot mount"
    dd if=/dev/zero of=small/ballast bs=1k count=2100 status=none
    rc=0
    "${REC[@]}" --spool small -o a.erg -- \
        sh -c 'until grep -q "disk nearly full" err; do sleep 0.05; done; touch ran' 2>err || rc=$?
    umount -l small
    [ "$rc" -eq 1 ]
    [ -e ran ]
    unpack a.erg
    [ "$(jq -r .complete a/summary.json)" = false ]
    [[ "$(jq -r .reason a/summary.json)" == *"disk nearly full"* ]]

    # layers that come fast: there is still room for the archive beside the spool
    mkdir fast
    mount -t tmpfs -o size=24m none fast
    run -1 "${REC[@]}" -o fast/f.erg -- "$ERG_BUILD/tests/bench/bench-layers" 200000 5
    mv fast/f.erg .
    umount -l fast
    [[ "$output" == *"disk nearly full"* ]]
    unpack f.erg
    [ "$(jq -r .complete f/summary.json)" = false ]

    mkdir tiny
    mount -t tmpfs -o size=4k none tiny
    run -1 "${REC[@]}" --spool . -o tiny/b.erg -- true
    [[ "$output" == *"No space left"* ]]
    [[ "$output" == *"erg-record recover"* ]]
    [ -z "$(ls -A tiny)" ]
    umount -l tiny
    spool=$(echo ./*.spool)
    erg-record recover "$spool" -o c.erg
    unpack c.erg
    nothing_left
}

@test "the summary says what recording cost, and timing it leaves no layer" {
    skip_unless jq babeltrace2
    "${REC[@]}" -o a.erg -- sleep 0.5
    unpack a.erg
    jq -e '.overhead | .end_ns - .begin_ns >= 500000000 and .cpus >= 1 and
        .recorder_cpu_ns >= .sampler_cpu_ns and .sampler_cpu_ns > 0 and .reads_ns > 0 and
        .compress_cpu_ns == 0 and .daemons_cpu_ns >= 0' a/summary.json
    jq -e '.overhead.event | .rounds > 0 and .clock_ns > 0 and all(.warm_ns, .cold_ns;
        .min > 0 and .min <= .p50 and .p50 <= .p95)' a/summary.json
    babeltrace2 a/trace | grep -q 'ergtrace:event_cost'
    [ "$(erg-analyze info --format json a.erg | jq '.files[0].layer_events')" -eq 0 ]
    "${REC[@]}" -o b.erg --compress during --chunk-time 0.7 -- "${PACKED[@]}" 1
    unpack b.erg
    jq -e '.overhead | .compress_cpu_ns > 0 and .compress_cpu_ns <= .recorder_cpu_ns' b/summary.json
}

@test "calibrate: costs, and a wave in the archive" {
    skip_unless jq babeltrace2
    erg-record calibrate -s procstat --seconds 1 --chip 10 -o w.erg --format json > out.json
    [ "$(jq '.event_ns > 0 and .event_cold_ns > 0 and .clock_ns > 0 and .sampler.deadlines > 0' out.json)" = true ]
    [ "$(jq -r '.reads[0].kind' out.json)" = procstat ]
    unpack w.erg
    babeltrace2 w/trace > text
    [ "$(grep -c 'layer_define:.*name = "busy"' text)" -eq 1 ]
    # about as many pieces of one kind as of the other, a hundred bits being fifty pieces
    busy=$(grep -c 'ergtrace:layer: .*{ id = 3,' text)
    idle=$(grep -c 'ergtrace:layer: .*{ id = 2,' text)
    [ $((busy + idle)) -ge 30 ]
    [ $((busy - idle)) -le 1 ]
    [ $((idle - busy)) -le 1 ]
    run -2 erg-record calibrate --seconds never
    nothing_left
}

# sees PID: LTTng's daemon knows the program.
sees() { lttng --no-sessiond list --userspace | grep -q "PID: $1 "; }

@test "attaching: an annotated program that already runs is traced" {
    skip_unless babeltrace2 "$ERG_BUILD/tests/bench/bench-layers"
    "$ERG_BUILD/tests/bench/bench-layers" 1000 3600 3>&- &
    pid=$!
    env --default-signal=INT "${REC[@]}" -o a.erg --duration 600 &
    recorder=$!
    await recording $recorder
    await sees $pid
    sleep 1
    kill -INT $recorder
    ends $recorder 0
    kill $pid
    unpack a.erg
    babeltrace2 a/trace > text
    grep -q "layer_define:.*vpid = $pid,.*name = \"layer\"" text
    [ "$(grep -c "ergtrace:layer: .*vpid = $pid," text)" -ge 1 ]
    nothing_left
}
