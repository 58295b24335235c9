#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# erg-record sweep and restore on the simulated board.

load helpers

policy=devices/system/cpu/cpufreq/policy0

test_setup() {
    skip_unless erg-record
    skip_without plans
    export ERG_STATE_DIR=$PWD/state
    erg-board b 3>&- &
    board=$!
    export ERG_BOARD_PAGE=$PWD/b/ergboard/page
    until [ -s b/ergboard/ready ]; do kill -0 "$board" || return 1; sleep 0.02; done
}

teardown() {
    if [ -n "${board:-}" ]; then kill "$board" 2>/dev/null || true; wait "$board" || true; fi
}

value() { tr -d ' ' <"b/$1"; }
holds() { [ "$(value "$2")" = "$1" ]; }

sweep() { erg-record sweep --sysfs b "$@"; }

# plan [LINE…]: p.yaml with one workload, recorded coarsely, and these lines.
plan() {
    printf '%s\n' 'name: p' 'workloads:' '  nap: {command: [sleep, "0.05"], expected_s: 0.1}' \
        'settle_s: 0' 'record: {rate: 100, source: "hwmon,cpufreq"}' "$@" >p.yaml
}

# The child that leads a session of its own.
watchdog_of() {
    local p
    for p in $(pgrep -P "$1"); do
        [ "$(ps -o sid= -p "$p" | tr -d ' ')" != "$p" ] || echo "$p"
    done | head -1
}

# refused PATTERN [OPTION…]: the sweep of p.yaml fails before any run, in one line.
refused() {
    local pattern=$1
    shift
    run -1 sweep p.yaml -o out "$@"
    [ "${#lines[@]}" -eq 1 ]
    # shellcheck disable=SC2053
    [[ ${lines[0]} == $pattern ]] || { echo "${lines[0]}"; return 1; }
    [ ! -e out ]
    [ -z "$(ls state 2>/dev/null)" ]
}

@test "sweep: every option is in the help" {
    run -0 erg-record sweep --help
    for o in output resume redo dry-run condition sysfs shard merge on tasks tries; do [[ $output == *"--$o"* ]]; done
    run -2 erg-record sweep
    run -2 erg-record sweep p.yaml
    run -2 erg-record sweep p.yaml -o out --tries 2
    [[ $output == *"--tries: expected --on slurm with it"* ]]
    run -0 erg-record restore --help
    run -2 erg-record restore something
}

@test "sweep: makes every run, with its factors in the manifest, and puts the knobs back" {
    echo schedutil >b/$policy/scaling_governor
    sleep 0.1
    plan 'knobs:' '  cpufreq.frequency_khz: [204000, 921600]' '  powercap.limit_w: [5.5]' \
        'set: {fan.pwm: 99}' 'conditions: {ambient_c: 23.5}' 'repetitions: 2'
    run -0 sweep p.yaml -o out
    [ "$(jq '[.runs[] | select(.status == "done" and .knobs_held)] | length' out/index.json)" -eq 4 ]
    [ "$(jq -r '[.runs[].factors["cpufreq.frequency_khz"]] | sort | join(" ")' out/index.json)" = \
        "204000 204000 921600 921600" ]
    for a in $(jq -r '.runs[].archive' out/index.json); do
        tar -xOf "out/$a" "${a%.erg}/manifest.json" >m.json
        f=$(jq '.factors["cpufreq.frequency_khz"]' m.json)
        [[ $a == *frequency_khz=$f* ]]
        jq -e '.factors["powercap.limit_w"] == 5.5 and .factors["fan.pwm"] == 99 and
            .tags.workload == "nap" and .tags.ambient_c == "23.5"' m.json
    done
    [ "$(value $policy/scaling_governor)" = schedutil ]
    [ "$(value class/powercap/intel-rapl:0/constraint_0_power_limit_uw)" = 30000000 ]
    [ "$(value class/hwmon/hwmon1/pwm1)" = 0 ]
    [ -z "$(ls state)" ]
}

@test "sweep: --dry-run lists the runs and changes nothing" {
    plan 'knobs: {fan.pwm: {from: 10, to: 30, step: 10}}' 'repetitions: 3'
    before=$(value $policy/scaling_governor)
    run -0 sweep p.yaml -o out --dry-run
    [ "$(grep -c '^ *[0-9]*  nap,fan.pwm=[123]0,r[123]$' <<<"$output")" -eq 9 ]
    [[ ${lines[-1]} == "9 runs, 0 done; expected time "* ]]
    [ ! -e out ]
    [ "$(value $policy/scaling_governor)" = "$before" ]
}

@test "sweep: a plan's names give the terminal no commands; what is out of range is no number of ours" {
    plan
    sed -i 's/nap:/"\\e]0;x\\anap":/' p.yaml
    grep -q 'e\]0;x' p.yaml
    run -0 sweep p.yaml -o out --dry-run
    [[ "$output" == *"?]0;x?nap,"* ]]
    [ "$(tr -d '\n\t -~' <<<"$output" | wc -c)" -eq 0 ]
    plan "conditions: {sink: {values: [on], command: [\"/none/\\e]0;x\\a\"]}}"
    run -1 sweep p.yaml -o out
    [[ "$output" == *"/none/?]0;x?: No such file"* ]]
    [ "$(tr -d '\n\t -~' <<<"$output" | wc -c)" -eq 0 ]
    plan 'repetitions: 18446744073709551616'
    run -1 sweep p.yaml -o out --dry-run
    [[ "$output" == *'repetitions: "18446744073709551616": expected a number from 1 to 10000'* ]]
}

@test "sweep: all means every value that the hardware lists" {
    plan 'knobs: {cpufreq.frequency_khz: all}'
    run -0 sweep p.yaml -o out --dry-run
    [[ ${lines[-1]} == "17 runs, "* ]]
}

@test "sweep: --resume makes only what is missing" {
    plan 'knobs: {cpufreq.frequency_khz: [204000, 921600]}' 'repetitions: 2'
    run -0 sweep p.yaml -o out
    stat -c '%n %Y %s' out/*r1.erg >before
    rm out/*204000,r2.erg
    run -1 sweep p.yaml -o out
    [[ $output == *"--resume"* ]]
    run -0 sweep p.yaml -o out --resume
    [[ $output == *"1 runs made, 0 failed"* ]]
    stat -c '%n %Y %s' out/*r1.erg | diff before -
    [ "$(ls out/*.erg | wc -l)" -eq 4 ]
}

@test "sweep: --redo unresolved makes again what the data cannot tell, and nothing else" {
    plan 'repetitions: 2'
    sed -i 's/"0.05"/"0.5"/' p.yaml
    run -2 sweep p.yaml -o out --redo unresolved
    run -0 sweep p.yaml -o out
    sed 's/,cpufreq"/"/; s/hwmon/cpufreq/' p.yaml >blind.yaml # no power
    rm out/*r2.erg
    run -0 sweep blind.yaml -o out --resume
    run -0 erg-analyze totals --format json out/nap,r2.erg
    stat -c '%n %Y %s' out/*r1.erg >before
    run -0 sweep p.yaml -o out --resume --redo unresolved --dry-run
    [[ $output == *"1 of 2 runs have no resolved energy: they are made again"* ]]
    [[ $output == *"2 runs, 1 done"* ]]
    run -0 sweep p.yaml -o out --resume --redo unresolved
    [[ $output == *"1 runs made, 0 failed"* ]]
    stat -c '%n %Y %s' out/*r1.erg | diff before -
    run -0 sweep p.yaml -o out --resume --redo unresolved
    [[ $output == *"0 of 2 runs have no resolved energy"* ]]
    [[ $output == *"0 runs made, 0 failed: "* ]]
}

@test "sweep: the seed decides the order, abba turns it round" {
    plan 'knobs: {cpufreq.frequency_khz: all}' 'seed: 5'
    sweep p.yaml -o out --dry-run >a
    sweep p.yaml -o out --dry-run | diff a -
    plan 'knobs: {cpufreq.frequency_khz: all}' 'seed: 6'
    ! sweep p.yaml -o out --dry-run | diff a - >/dev/null || false
    plan 'knobs: {fan.pwm: [10, 20]}' 'order: abba' 'repetitions: 4'
    run -0 sweep p.yaml -o out --dry-run
    [ "$(grep -o 'pwm=[0-9]*' <<<"$output" | tr '\n' ' ')" = \
        "pwm=10 pwm=20 pwm=20 pwm=10 pwm=10 pwm=20 pwm=20 pwm=10 " ]
}

@test "sweep: co-runners run beside the workload" {
    plan 'corunners:' '  a: {command: "touch a.ran; exec sleep 9"}' \
        '  b: {command: "touch b.ran; exec sleep 9"}' 'coruns: [none, each, pairs, self]'
    sed -i 's/a: {/&duration_s: 1, /; s/b: {/&duration_s: 1, /' p.yaml
    run -0 sweep p.yaml -o out
    [ "$(jq -r '.runs[] | .workload + ":" + .corun' out/index.json | sort | tr '\n' ' ')" = \
        "a:none b:none nap:a nap:a+b nap:b nap:none " ]
    [ -e a.ran ]
    [ -e b.ran ]
    ! pgrep -f 'sleep 9' >/dev/null || [ -z "$(pgrep -P $$ -f 'sleep 9')" ]
}

@test "sweep: conditions are taken from --condition, the rest waits" {
    plan 'conditions: {heatsink: [on, off]}'
    refused '*p.yaml:6:25: condition heatsink: nobody to ask*'
    refused '*not a value of the plan*' --condition heatsink=maybe
    refused '*--condition colour=red*' --condition colour=red
    run -0 sweep p.yaml -o out --condition heatsink=on
    [[ $output == *"1 wait for another condition"* ]]
    run -0 sweep p.yaml -o out --resume --condition heatsink=off
    [ "$(jq -r '[.runs[].conditions.heatsink] | join(" ")' out/index.json)" = "on off" ]
}

@test "sweep: a condition's command makes it hold, once a value; one that fails ends the sweep" {
    plan 'workloads:' '  one: {command: ["true"]}' '  two: {command: ["true"]}' 'conditions:' \
        "  sink: {values: [on, off], command: 'echo \"\$ERG_CONDITION \$ERG_VALUE\" >>made; echo out', settle_s: 0.01}" \
        '  room: {values: 25, command: [sh, -c, "echo $ERG_CONDITION $ERG_VALUE >>made"]}'
    sed -i 3d p.yaml
    sed -i 2d p.yaml
    erg-record sweep --sysfs b p.yaml -o out >stdout 2>log
    [ ! -s stdout ]
    grep -qx 'sink: set it to off, by its command' log
    [ "$(tr '\n' ' ' <made)" = "sink on room 25 sink off " ]
    [ "$(jq -r '[.runs[].conditions | .sink + .room] | join(" ")' out/index.json)" = "on25 on25 off25 off25" ]
    rm -r out made
    run -0 sweep p.yaml -o out --condition sink=off --condition room=26
    [[ $output == *"2 wait for another condition"* ]]
    [ ! -e made ] # what holds already is not made
    [ "$(jq -r '[.runs[].conditions | .sink + .room] | join(" ")' out/index.json)" = "off26 off26" ]
    # what waits for another condition is not a reason to run a command, and standard input is not the command's
    plan 'conditions: {sink: {values: [on, off], command: "cat >>taken; echo $ERG_VALUE >>made"}, room: [cold, hot]}'
    erg-record sweep --sysfs b p.yaml -o rooms --condition room=cold <<<answer
    [ "$(tr '\n' ' ' <made)" = "on off " ]
    [ ! -s taken ]
    run -0 sweep p.yaml -o rooms --resume --condition room=cold
    [[ $output == *"2 wait for another condition"* ]]
    [ "$(tr '\n' ' ' <made)" = "on off " ]
    plan 'conditions: {sink: {values: [on, off], command: "exit 3"}}'
    run -1 sweep p.yaml -o other
    [[ ${lines[-1]} == *"condition sink=on: its command ended with status 3: expected 0" ]]
    [ ! -e "$(echo other/*.erg)" ]
    plan 'conditions: {sink: {values: [on, off]}}'
    run -1 sweep p.yaml -o other
    [[ ${lines[-1]} == *"p.yaml:6:21: conditions: sink: expected a command that makes it hold" ]]
}

@test "sweep: cools down to the start temperature before a run" {
    kill "$board"; wait "$board"
    erg-board b --speed 200 3>&- &
    board=$!
    until [ -s b/ergboard/ready ]; do kill -0 "$board" || return 1; sleep 0.02; done
    printf '%s\n' 'workloads:' '  hot: {command: [erg-board-play, --kind, compute, --cores, "4", --duration, "0.5"]}' \
        'settle_s: 0' 'record: {rate: 100}' 'cooldown: {within_k: 1, limit_s: 20, zone: CPU-therm}' \
        'repetitions: 2' >p.yaml
    run -0 sweep p.yaml -o out
    jq -e '.runs[1].cooled and .runs[1].cooldown_s > 0 and
        .runs[1].begin_degc <= .runs[0].begin_degc + 1' out/index.json
}

@test "sweep: a workload that fails is recorded as failed and made again by --resume" {
    printf '%s\n' 'workloads:' '  flaky: "test -e good"' 'settle_s: 0' 'record: {rate: 100}' >p.yaml
    run -1 sweep p.yaml -o out
    [[ $output == *"1 runs made, 1 failed (--resume makes them again): out/index.json"* ]]
    [ "$(jq -r '.runs[0].status' out/index.json)" = failed ]
    touch good
    run -0 sweep p.yaml -o out --resume
    [ "$(jq -r '.runs | map(.status) | join(" ")' out/index.json)" = done ]
}

@test "sweep: a plan's analysis is kept in the index, tags and accuracy in the archives" {
    printf '%s\n' 'workloads:' '  nap: {command: [sleep, "0.05"], tags: {library: eigen}, accuracy: 0.57}' 'settle_s: 0' \
        'record: {rate: 100, source: cpufreq}' 'analysis:' '  sweep: {objective: edp, slack: 5}' \
        '  model: {predictors: [simd, bus], whole: yes}' '  corun:' >p.yaml
    run -0 sweep p.yaml -o out
    [ "$(jq -c .analysis out/index.json)" = \
        '{"sweep":{"objective":"edp","slack":"5"},"model":{"predictors":["simd","bus"],"whole":"yes"},"corun":{}}' ]
    erg-analyze info out/nap,r1.erg --format json | jq -e '[.. | .tags? // empty] |
        any(.library == "eigen" and .accuracy == "0.57")'
    sed -i 's/  corun:/  layers: {by: type}/' p.yaml
    run -1 sweep p.yaml -o other
    [[ $output == *'p.yaml:8:3: analysis: unknown "layers": expected sweep, corun, thermal, model, predict or report' ]]
    sed -i '/layers:/d; s/slack: 5/slack: {of: 5}/' p.yaml
    run -1 sweep p.yaml -o other
    [[ $output == *'p.yaml:6:27: analysis: sweep: "slack": expected a long option of erg-analyze sweep, and a value or a list' ]]
    [ ! -e other ]
}

@test "sweep: plans with mistakes are refused with line and column" {
    plan 'knbos: {fan.pwm: [1]}'
    refused '*p.yaml:6:1: plan: unknown key "knbos": expected one of name, *'
    plan 'knobs: {warp.factor: [9]}'
    refused '*p.yaml:6:23: unknown knob "warp.factor": expected one of cpufreq.*'
    plan 'knobs: {cpufreq.volume: [9]}'
    refused '*unknown knob "cpufreq.volume"*frequency_khz*'
    plan 'knobs:' '  cpufreq.frequency_khz: [204000, 204001]'
    refused '*p.yaml:7:27: cpufreq.frequency_khz: 204001 is not allowed: expected one of 102000 *'
    plan 'knobs: {powercap.limit_w: [99]}'
    refused '*99 is not allowed: expected 0.001 to 30 W'
    plan 'repetitions: 0'
    refused '*p.yaml:6:14: repetitions: "0": expected a number from 1 *'
    plan 'order: [x'
    refused '*p.yaml:*'
    printf 'workloads: {w: [./none]}\n' >p.yaml
    refused '*p.yaml:1:17: w: ./none: No such file or directory'
    printf 'workloads: {w: [no-such-command]}\n' >p.yaml
    refused '*no command "no-such-command" in PATH'
    printf 'name: x\n' >p.yaml
    refused '*no workloads*'
    rm p.yaml
    refused '*p.yaml: No such file or directory'
}

@test "sweep: a directory with archives of something else is refused" {
    mkdir out
    touch out/other.erg
    plan
    run -1 sweep p.yaml -o out
    [[ $output == *"archives of something else (other.erg)"* ]]
    rm out/other.erg
    run -0 sweep p.yaml -o out
    sed -i 's/name: p/name: q/' p.yaml
    run -1 sweep p.yaml -o out --resume
    [[ $output == *'is of the plan "p", not "q"'* ]]
}

@test "sweep: what the hardware refuses is an error that lists what is allowed" {
    plan 'knobs: {powercap.limit_w: [1]}' # below what the board takes, and it does not tell
    run -1 sweep p.yaml -o out
    [[ $output == *"powercap.limit_w: 1 was refused, it reads 30000000; allowed: 0.001 to 30 W"* ]]
    [ "$(value class/powercap/intel-rapl:0/constraint_0_power_limit_uw)" = 30000000 ]
    [ -z "$(ls state)" ]
}

@test "sweep: on a full disk it says so, and the index is whole" {
    [ "$(id -u)" -eq 0 ] || skip "needs a filesystem of its own"
    mkdir small && mount -t tmpfs -o size=64k none small || skip "cannot mount"
    dd if=/dev/zero of=small/ballast bs=1k count=60 status=none 2>/dev/null || true
    plan
    run -1 sweep p.yaml -o small/out
    left=$(ls small/out)
    jq -e '.runs == []' small/out/index.json
    umount -l small
    [[ $output == *"index.json: cannot be written: No space left on device"* ]]
    [ "$left" = "$(printf 'index.json\nlogs')" ]
}

@test "sweep: SIGINT stops after a clean end of the run; --resume continues" {
    plan 'knobs: {fan.pwm: [10, 20, 30]}'
    sed -i 's/\[sleep, "0.05"\]/"touch ran; until [ -e go ]; do sleep 0.05; done"/' p.yaml
    erg-record sweep --sysfs b p.yaml -o out >log 2>&1 3>&- &
    pid=$!
    await [ -e ran ]
    kill -INT $pid
    touch go
    ends $pid 130
    [ "$(value class/hwmon/hwmon1/pwm1)" = 0 ]
    run -0 sweep p.yaml -o out --resume
    [ "$(jq '[.runs[] | select(.status == "done")] | length' out/index.json)" -eq 3 ]
}

@test "sweep: without its watchdog it restores by itself and stops" {
    plan 'knobs: {fan.pwm: [200]}'
    sed -i 's/"0.05"/"20"/' p.yaml
    erg-record sweep --sysfs b p.yaml -o out >log 2>&1 3>&- &
    pid=$!
    await holds 200 class/hwmon/hwmon1/pwm1
    kill -KILL "$(watchdog_of $pid)"
    rc=0; wait $pid || rc=$?
    [ $rc -eq 1 ]
    grep -q 'the process that would restore the knobs was killed' log
    [ "$(value class/hwmon/hwmon1/pwm1)" = 0 ]
    [ -z "$(ls state)" ]
}

@test "sweep: killed at random instants, every knob is as it was" {
    run -0 "$ERG_SRC/tests/tools/kill-sweeps" 5
    [[ ${lines[-1]} == "5 sweeps killed, 0 left a knob changed" ]]
}

@test "restore: a pid in a file that somebody else has now stops nobody" {
    mkdir state
    echo 77 >b/class/hwmon/hwmon1/pwm1
    sleep 0.1
    # the name is that of the tree: FNV-1a of its path
    name=knobs-$(python3 -c 'import sys
h = 14695981039346656037
for b in sys.argv[1].encode(): h = (h ^ b) * 1099511628211 % 2**64
print("%016x" % h)' "$(realpath b)").json
    (umask 077 && jq -n --arg p "$PWD/b/class/hwmon/hwmon1/pwm1" --arg root "$(realpath b)" --argjson pid $$ \
        '{format: "erg-knobs", version: 1, pid: $pid, sysfs: $root, cells: [{path: $p, value: "0"}]}' \
        >"state/$name")
    run -0 erg-record restore
    [ "$(value class/hwmon/hwmon1/pwm1)" = 0 ]
    run -1 as_user env -u HOME -u XDG_STATE_HOME -u ERG_STATE_DIR erg-record restore
    [[ $output == *"expected HOME, XDG_STATE_HOME or ERG_STATE_DIR"* ]]
}

@test "restore: puts back what a sweep left when its watchdog was killed, too" {
    plan 'knobs: {fan.pwm: [200], cpufreq.frequency_khz: [204000]}'
    sed -i 's/"0.05"/"20"/' p.yaml
    erg-record sweep --sysfs b p.yaml -o out >log 2>&1 3>&- &
    pid=$!
    await holds 204000 $policy/scaling_cur_freq
    run -1 erg-record restore
    [[ $output == *"process $pid is changing these knobs now"* ]]
    run -1 sweep p.yaml -o out2
    [[ $output == *"process $pid is changing these knobs now"* ]]
    kill -KILL $pid "$(watchdog_of $pid)"
    sleep 0.3
    [ "$(value class/hwmon/hwmon1/pwm1)" = 200 ]
    run -0 erg-record restore
    [[ $output == *"pwm1: 200 -> 0"* ]]
    [ "$(value class/hwmon/hwmon1/pwm1)" = 0 ]
    [ "$(value $policy/scaling_governor)" = performance ]
    run -0 erg-record restore
    [ "$output" = "nothing to restore" ]
}

@test "a sweep writes into no file that a link in its folder names, and waits for no pipe" {
    plan
    sweep p.yaml -o first
    mkdir -p out/logs
    echo precious >victim
    for log in first/logs/*; do ln -s ../../victim "out/logs/${log##*/}"; done
    run sweep p.yaml -o out
    [[ "$output" == *"out/logs/"*".log: Too many levels of symbolic links"* ]]
    [ "$(cat victim)" = precious ]
    rm -r out
    mkdir -p out/logs
    for log in first/logs/*; do mkfifo "out/logs/${log##*/}"; done
    run timeout 120 erg-record sweep --sysfs b p.yaml -o out
    [ "$status" -ne 124 ]
    [[ "$output" == *"out/logs/"*".log: No such device or address"* ]]
    rm -r out
    mkdir out
    mkfifo out/index.json
    run -1 timeout 120 erg-record sweep --sysfs b p.yaml -o out --resume
    [[ "$output" == *"out/index.json: a regular file was expected" ]]
}

@test "sweep, restore: a lock that is another name of a file, or another user's: refused, and the file is as it was" {
    plan 'set: {fan.pwm: 99}'
    sweep p.yaml -o first
    lock=$(echo state/.knobs-*.lock)
    rm "$lock"
    echo precious >victim
    ln victim "$lock"
    run -1 sweep p.yaml -o out
    [[ "$output" == *"$lock: expected a file of yours that has no other name" ]]
    [ "$(cat victim)" = precious ]
    [ "$(id -u)" -eq 0 ] || skip "not root"
    rm "$lock"
    mv victim "$lock"
    chown nobody "$lock"
    run -1 sweep p.yaml -o other
    [[ "$output" == *"$lock: expected a file of yours that has no other name" ]]
    [ "$(cat "$lock")" = precious ]
}

# Of each study the runs that its plan's lists make, by hand: 8 workloads at 4 clocks and 2 caps, 3 times; 4 at 4
# clocks of the GPU; one network alone and beside 4, and 3 alone, at 4 settings; 2 workloads with and without the heat
# sink, twice; 10 and 8 workloads.
@test "sweep: the plans of the examples' studies can be made on the board, and list the runs that they speak of" {
    while read -r plan runs; do
        # shellcheck disable=SC2016
        (cd "$ERG_SRC/examples/${plan%/*}" && erg-board "$BATS_TEST_TMPDIR/board" -- \
            sh -c 'exec erg-record sweep "$0" -o "$1" --sysfs "$ERG_BOARD_DIR" --dry-run' "${plan#*/}" "$BATS_TEST_TMPDIR/none") >out 2>&1 </dev/null ||
            { cat out; return 1; }
        [[ $(tail -1 out) == "$runs runs, 0 done; expected time"* ]] || { echo "$plan: $(tail -1 out)"; return 1; }
        [ "$(grep -cE '^ *[0-9]+  ' out)" -eq "$runs" ]
    done <<<"minsky/plan.yaml $((8 * 4 * 2 * 3))
minsky/plan-gpu.yaml $((4 * 4 * 3))
tx1-corun/plan.yaml $(((1 + 4 + 3) * 4 * 3))
heatsink/plan.yaml $((2 * 2 * 2))
synergy/plan.yaml 10
profile/plan.yaml $((8 * 2))"
    [ ! -e none ]
}
