# erg-record sources: what is found, what is missing, and what bad input says.
load helpers

# A small tree: one power chip, one thermal zone.
test_setup() {
    mkdir -p sys/class/hwmon/hwmon0 sys/class/thermal/thermal_zone0
    echo ina226 >sys/class/hwmon/hwmon0/name
    echo 3250000 >sys/class/hwmon/hwmon0/power1_input
    echo VDD_IN >sys/class/hwmon/hwmon0/power1_label
    echo 1200000 >sys/class/hwmon/hwmon0/power2_input
    echo VDD_CPU >sys/class/hwmon/hwmon0/power2_label
    echo CPU-therm >sys/class/thermal/thermal_zone0/type
    echo 45500 >sys/class/thermal/thermal_zone0/temp
}

sources() {
    erg-record sources --reads 10 --seconds 0.05 "$@"
}

@test "text shows rails as a tree, values, costs and what is missing" {
    run sources --sysfs sys
    [ "$status" -eq 0 ]
    [[ "$output" == *"hwmon  power  sys/class/hwmon/hwmon0"* ]]
    grep -Eq '^  VDD_IN +power +uW +3.25 W$' <<<"$output"
    grep -Eq '^    VDD_CPU +power +uW +1.2 W$' <<<"$output"
    grep -Eq '^  CPU-therm +temperature mdegC +45.5 degC$' <<<"$output"
    [[ "$output" == *"one read: "*" (p99 "* ]]
    [[ "$output" == *"powercap: sys/class/powercap: no RAPL zone"* ]]
    [[ "$output" != *simulated* ]]
}

@test "JSON has the keys of the manual page" {
    run sources --sysfs sys --format json -s hwmon
    [ "$status" -eq 0 ]
    jq -e '.schema == "ergtrace/1" and .tool.verb == "sources"' <<<"$output"
    jq -e '.sources[0] | .kind == "hwmon" and .class == "power" and .simulated == false' <<<"$output"
    jq -e '.sources[0].channels[1] | .rail == "VDD_CPU" and .parent == "VDD_IN" and .value == 1.2' <<<"$output"
    jq -e '.sources[0].read | .reads >= 10 and .errors == 0 and .p50_ns > 0 and .p99_ns >= .p50_ns' <<<"$output"
    jq -e '.sources[0].model.provenance == "assumed"' <<<"$output"
}

@test "a simulated tree is marked" {
    touch sys/simulated
    run sources --sysfs sys
    [[ "$output" == *"[simulated]"* ]]
    sources --sysfs sys --format json | jq -e '[.sources[] | select(.path | startswith("sys")) | .simulated] | all'
}

@test "--reads 0 starts and reads nothing" {
    run erg-record sources --sysfs sys --reads 0 --format json -s hwmon
    [ "$status" -eq 0 ]
    jq -e '.sources[0].read == null' <<<"$output"
}

@test "an unknown kind lists those that exist" {
    run sources -s hwmon,bogus --sysfs sys
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *'unknown source "bogus": expected one of auto,'*procstat* ]]
}

@test "a rail that is not there lists those that are" {
    run sources -s hwmon:VDD_NOPE --sysfs sys
    [ "$status" -eq 1 ]
    [[ "$output" == *"VDD_NOPE"*"there are VDD_IN, VDD_CPU"* ]]
}

@test "a source asked for by name and missing says why, and the mend" {
    run sources -s powercap --sysfs sys
    [ "$status" -eq 1 ]
    [[ "$output" == *"no RAPL zone"*"modprobe"* ]]
}

@test "wrong usage exits 2" {
    run sources --format xml
    [ "$status" -eq 2 ]
    run sources --sysfs /nonexistent
    [ "$status" -eq 2 ]
    run sources --seconds -1
    [ "$status" -eq 2 ]
    run sources stray
    [ "$status" -eq 2 ]
    run erg-record sources --no-such-option
    [ "$status" -eq 2 ]
}

@test "--help names every kind" {
    run erg-record sources --help
    [ "$status" -eq 0 ]
    for kind in hwmon ina3221x powercap perf opal nvml thermal cpufreq devfreq procstat iio exec; do
        grep -Eq "^  $kind " <<<"$output"
    done
}

@test "garbage in a file is noted, the rest is read" {
    echo lots >sys/class/hwmon/hwmon0/power1_input
    run sources --sysfs sys -s hwmon
    [ "$status" -eq 0 ]
    [[ "$output" == *"VDD_IN cannot be read: not a number"* ]]
    [[ "$output" == *"VDD_CPU"* ]]
}

@test "a file without permission is noted with its mend" {
    [ "$(id -u)" -eq 0 ] || skip "files of one's own can always be read"
    dir=$(mktemp -d /tmp/erg-sources-XXXXXX)
    cp -r sys "$dir/sys"
    chmod -R a+rX "$dir"
    chmod 600 "$dir/sys/class/hwmon/hwmon0/power1_input"
    run as_user test -x "$ERG_BUILD/record/erg-record"
    if [ "$status" -ne 0 ]; then rm -r "$dir"; skip "an ordinary user cannot reach the build"; fi
    run as_user erg-record sources --reads 1 --seconds 0 -s hwmon --sysfs "$dir/sys"
    rm -r "$dir"
    [ "$status" -eq 0 ]
    [[ "$output" == *"VDD_IN cannot be read: Permission denied"* ]]
    [[ "$output" == *"mend: run as root"* ]]
}

@test "exec: a program's lines, with commas in the command, beside another source" {
    run sources -s "exec:while :; do echo '0 METER,A 2.5 W'; echo '0 T 30 degC'; sleep 0.005; done,procstat" --format json
    [ "$status" -eq 0 ]
    jq -e '[.sources[] | .kind] | contains(["exec", "procstat"])' <<<"$output"
    jq -e '.sources[0].channels[0] | .rail == "METER,A" and .value == 2.5' <<<"$output"
    jq -e '[.sources[] | select(.class == "thermal")] | length == 1' <<<"$output"
}

@test "exec: the child is gone when the verb ends" {
    sources -s "exec:echo \$\$ >pid; while :; do echo '0 A 1 W'; sleep 0.01; done" >/dev/null
    run kill -0 "$(cat pid)"
    [ "$status" -ne 0 ]
}

@test "exec: a program that says nothing useful is one clear line" {
    run sources -s "exec:echo hello world"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *'line "hello world": expected "time_ns name value unit"'* ]]
    run sources -s "exec:exit 1"
    [ "$status" -eq 1 ]
    [[ "$output" == *"ended without a reading"* ]]
}

@test "GPUs of the stand-in are found and marked as simulated" {
    [ -e "$ERG_BUILD/tests/standin/libnvidia-ml.so.1" ]
    ERG_STANDIN_GPUS=3 LD_LIBRARY_PATH="$ERG_BUILD/tests/standin" \
        run sources -s nvml --format json
    [ "$status" -eq 0 ]
    jq -e '[.sources[] | select(.channels[0].quantity == "energy") | .channels[0].rail] == ["gpu0", "gpu1", "gpu2"]' <<<"$output"
    jq -e '[.sources[] | .simulated] | all' <<<"$output"
    # a parent that another source has is named
    LD_LIBRARY_PATH="$ERG_BUILD/tests/standin" run sources -s nvml
    grep -Eq '^  gpu0-instant .*\(part of gpu0\)$' <<<"$output"
}

@test "SIGTERM: settings are put back before the verb ends" {
    mkdir -p sys/class/hwmon/hwmon1
    for f in name:ina3221 in1_label:VDD_IN in1_input:19000 curr1_input:300 samples:64 update_interval:140; do
        echo "${f#*:}" >"sys/class/hwmon/hwmon1/${f%%:*}"
    done
    erg-record sources --seconds 60 --sysfs sys -s hwmon >out.txt 3>&- &
    verb=$!
    await grep -qx 1 sys/class/hwmon/hwmon1/samples
    kill -TERM "$verb"
    status=0
    wait "$verb" || status=$?
    [ "$status" -eq 143 ]
    [ "$(cat sys/class/hwmon/hwmon1/samples)" = 64 ]
    [ "$(cat sys/class/hwmon/hwmon1/update_interval)" = 140 ]
}

@test "a board that runs is read, and its settings are put back" {
    skip_unless erg-board
    erg-board --sensor ema --alpha 0.0625 board >board.log 2>&1 &
    board=$!
    await [ -s board/ergboard/ready ]
    run erg-record sources --reads 10 --seconds 2 -s hwmon --sysfs board --format json
    samples=$(tr -d ' ' <board/class/hwmon/hwmon0/samples)
    kill "$board"
    wait "$board" || true
    [ "$status" -eq 0 ]
    jq -e '.sources[0] | .simulated and .settings.samples.before == 16 and .read.distinct_per_s > 0' <<<"$output"
    [ "$samples" -eq 16 ]
}
