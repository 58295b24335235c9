#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The simulated board as tests and examples use it, and the recorder's total against its truth.

load helpers

policy=devices/system/cpu/cpufreq/policy0

# start_board [OPTION…]: serves ./b in the background.
start_board() {
    erg-board b "$@" 3>&- &
    board=$!
    export ERG_BOARD_PAGE=$PWD/b/ergboard/page
    until [ -s b/ergboard/ready ]; do kill -0 "$board" || return 1; sleep 0.02; done
}

teardown() {
    if [ -n "${board:-}" ]; then kill "$board" 2>/dev/null || true; wait "$board" || true; fi
}

value() { tr -d ' ' <"b/$1"; }

# eventually VALUE FILE: the board looks at its files some times a second
eventually() {
    await holds "$@" || { echo "$2 is $(value "$2"), not $1"; return 1; }
}
holds() { [ "$(value "$2")" = "$1" ]; }

@test "board: every option is in the help; wrong ones are named" {
    run -0 erg-board --help
    for o in page truth follow heatsink sensor window period lag alpha gain offset noise lsb energy \
        speed ambient trip leak-beta hz seed; do
        [[ $output == *"--$o"* ]]
    done
    run -2 erg-board b --heatsink maybe
    [[ $output == *"--heatsink"*maybe* ]]
    run -2 erg-board b --alpha 2
    run -2 erg-board
    run -2 erg-board-play --kind tango
    run -1 env -u ERG_BOARD_PAGE erg-board-play
    [[ $output == *"ERG_BOARD_PAGE"* ]]
}

@test "board: refuses a directory that is not a board's" {
    mkdir -p real/class
    run -1 erg-board real -- true
    [[ $output == *real* ]]
    [ ! -e real/simulated ]
}

@test "board: an ordinary user starts it again in its folder; another's is told" {
    need_other_user
    local dir
    dir=$(mktemp -d /tmp/erg-board-XXXXXX)
    chmod 777 "$dir"
    run as_user test -x "$ERG_BUILD/tests/board/erg-board"
    if [ "$status" -ne 0 ]; then rm -r "$dir"; skip "an ordinary user cannot reach the build"; fi
    as_user erg-board "$dir/b" -- true
    run -0 as_user erg-board "$dir/b" -- cat "$dir/b/simulated" "$dir/b/class/hwmon/hwmon0/name"
    [ "${lines[1]}" = ina3221 ]
    erg-board "$dir/theirs" -- true
    run -1 as_user erg-board "$dir/theirs" -- true
    [[ $output == *"$dir/theirs: "*"same user"* ]]
    rm -r "$dir"
}

@test "board: ends with the status of its command" {
    run -7 erg-board b -- sh -c 'test -f "$ERG_BOARD_DIR/simulated" && exit 7'
    run -127 erg-board b -- ./no-such-command
}

draws() { [ "$(value class/hwmon/hwmon0/curr1_input)" -gt 0 ]; }

@test "board: serves the sensors of an INA3221" {
    start_board
    [ "$(value class/hwmon/hwmon0/name)" = ina3221 ]
    [ "$(value class/hwmon/hwmon0/in2_label)" = VDD_CPU ]
    await draws
    in=$(value class/hwmon/hwmon0/curr1_input)
    [ "$in" -gt $(($(value class/hwmon/hwmon0/curr2_input))) ]
    [ "$in" -gt 0 ]
    kill -TERM "$board"
    wait "$board" # its status is 0
    board=
    [ ! -e b/ergboard/ready ]
}

@test "board: takes values that hardware takes, and puts back the others" {
    start_board
    echo 1000 >b/$policy/scaling_max_freq
    eventually 1734000 $policy/scaling_max_freq
    echo userspace >b/$policy/scaling_governor
    eventually 1734000 $policy/scaling_setspeed
    echo 921600 >b/$policy/scaling_setspeed
    eventually 921600 $policy/scaling_cur_freq
    echo 921601 >b/$policy/scaling_setspeed
    eventually 921600 $policy/scaling_setspeed
    echo nonsense >b/$policy/scaling_governor
    eventually userspace $policy/scaling_governor
    echo 0 >b/devices/system/cpu/cpu3/online
    eventually 0,1,2 devices/system/cpu/online
}

@test "board: a power cap lowers the clock of a workload that needs more" {
    start_board
    echo 4000000 >b/class/powercap/intel-rapl:0/constraint_0_power_limit_uw
    erg-board-play --kind compute --cores 4 --duration 0.7
    [ "$(value ergboard/cap_count)" -gt 0 ]
    [ "$(value devices/system/cpu/cpu0/thermal_throttle/core_throttle_count)" -eq 0 ]
    eventually 1734000 $policy/scaling_cur_freq
}

@test "board: without its heat sink it gets hot and throttles" {
    start_board --heatsink off --speed 200 --trip 60
    erg-board-play --kind compute --cores 4 --duration 1
    [ "$(value devices/system/cpu/cpu0/thermal_throttle/core_throttle_count)" -gt 0 ]
    kill "$board"; wait "$board"; board=
    run -0 erg-board-truth b/ergboard/truth.log --throttled
    [ "${output%%.*}" -ge 0 ]
    [ "$output" != 0 ]
}

@test "board: the truth adds up, over parts and over rails" {
    start_board
    erg-board-play --iterations 5 --threads 2 --jitter 3
    [ "$(value ergboard/late_transitions)" -eq 0 ]
    kill "$board"; wait "$board"; board=
    log=b/ergboard/truth.log
    begin=$(erg-board-truth $log --info | awk '/begin_ns/ {print $2}')
    end=$(erg-board-truth $log --info | awk '/end_ns/ {print $2}')
    mid=$(((begin + end) / 2 + 12345))
    whole=$(erg-board-truth $log)
    parts=$(printf '%s %s\n%s %s\n' "$begin" "$mid" "$mid" "$end" | erg-board-truth $log --stdin)
    echo "$whole" $parts | awk '{d = $1 - $2 - $3; exit !($1 > 0 && d * d < 1e-12 * $1 * $1)}'
    echo "$whole" "$(erg-board-truth $log --rail VDD_CPU)" "$(erg-board-truth $log --rail VDD_GPU)" |
        awk '{exit !($1 > $2 + $3)}'
    run -1 erg-board-truth $log --begin 0 --end 5
    [[ $output == *"not inside the log"* ]]
    run -2 erg-board-truth $log --rail VDD_NOWHERE
    echo garbage >bad.log
    run -1 erg-board-truth bad.log
    [[ $output == *bad.log* ]]
}

@test "board: CPU time of real programs drives it" {
    run -0 erg-board idle -- sleep 0.5
    # utime, hundredths of a second: a loaded machine gives it in more time
    run -0 erg-board busy --follow command -- \
        sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; cut -d" " -f14 /proc/$$/stat >ticks'
    for d in idle busy; do
        erg-board-truth $d/ergboard/truth.log --info >info
        erg-board-truth $d/ergboard/truth.log --rail VDD_CPU |
            awk -v b="$(awk '/begin/ {print $2}' info)" -v e="$(awk '/end_ns/ {print $2}' info)" \
                '{print $1, (e - b) / 1e9}' >$d.j
    done
    # a busy CPU takes at least 0.3 of what the idle ones take, for as long as it is busy
    cat idle.j busy.j ticks | tr '\n' ' ' |
        awk '{print; exit !($5 > 0 && $3 - $1 / $2 * $4 > 0.3 * $1 / $2 * $5 / 100)}'
}

@test "board: energy of a 10 s run, recorded, differs from the truth by at most 0.5 %" {
    skip_unless erg-record erg-analyze jq
    erg-board b -- sh -c 'erg-record -o run.erg --sysfs "$ERG_BOARD_DIR" -- \
        erg-board-play --duration 10 --jitter 3 --net googlenet'
    erg-analyze layers run.erg --rail VDD_IN --format json >layers.json
    tar -xf run.erg
    begin=$(jq .begin_ns run/summary.json)
    end=$(jq .end_ns run/summary.json)
    truth=$(erg-board-truth b/ergboard/truth.log --begin "$begin" --end "$end")
    ets=$(jq '.runs[0].ets_j.value' layers.json)
    echo "recorded $ets J, true $truth J"
    awk -v a="$ets" -v t="$truth" 'BEGIN {d = a / t - 1; exit !(d < 0.005 && d > -0.005)}'
    jq -e '.runs[0].simulated' layers.json
}

@test "examples/known-lag: the board's readings have no lag, unless they contradict it; of other sensors nothing is said" {
    skip_unless erg-record erg-analyze jq
    mkdir bin
    cat >bin/erg-analyze <<'SH'
#!/bin/sh
echo "$*" >>asked
cat "$6"
SH
    chmod +x bin/erg-analyze
    known() { PATH=$PWD/bin:$PATH "$ERG_SRC/examples/known-lag" "$1" | xargs; }
    echo '{"runs": [{"simulated": true}], "warnings": [{"code": "simulated"}]}' >a
    echo '{"runs": [{"simulated": true}], "warnings": [{"code": "simulated"}, {"code": "lag-contradicted"}]}' >b
    echo '{"runs": [{"simulated": false}], "warnings": []}' >c
    [ "$(known a)" = "--lag 0" ]
    [ -z "$(known b)" ]
    [ -z "$(known c)" ]
    [ "$(sort -u asked | xargs)" = "layers --lag 0 --format json a layers --lag 0 --format json b layers --lag 0 --format json c" ]
    # and these are the words of the document
    grep -q '"lag-contradicted"' "$ERG_SRC"/analyze/attribution/*.c
    erg-board board -- erg-record run -q -o run.erg --sysfs board -- true
    erg-analyze layers --format json run.erg 2>/dev/null | jq -e '.runs[0].simulated and (.warnings | map(.code) | index("simulated") != null)'
}
