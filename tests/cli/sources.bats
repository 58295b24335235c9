# erg-record sources: what is found, what is missing, and what bad input says.
# bats file_tags=apart
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
    # what the timed reads had is a value also where none is waited for
    run sources --sysfs sys --format json -s hwmon --seconds 0
    jq -e '.sources[0].channels[1].value == 1.2' <<<"$output"
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
    [ "$status" -eq 2 ]
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
    run -2 erg-record sources --reads 0 --seconds 1
    [[ $output == *"of no use with --reads 0"* ]]
    run sources stray
    [ "$status" -eq 2 ]
    run erg-record sources --no-such-option
    [ "$status" -eq 2 ]
}

@test "--help names every kind" {
    run erg-record sources --help
    [ "$status" -eq 0 ]
    for kind in hwmon ina3221x powercap perf opal nvml amd-smi thermal cpufreq devfreq procstat iio exec; do
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
    # long enough for a line of a shell that hardly gets a turn
    run sources --seconds 2 -s "exec:while :; do echo '0 METER,A 2.5 W'; echo '0 T 30 degC'; sleep 0.005; done,procstat" --format json
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

@test "AMD GPUs of the stand-in are found and marked as simulated" {
    LD_LIBRARY_PATH="$ERG_BUILD/tests/standin/amd" run sources -s amd-smi --format json
    [ "$status" -eq 0 ]
    jq -e '[.sources[] | select(.channels[0].quantity == "energy") | .channels[0].rail] == ["gpu0", "gpu1"]' <<<"$output"
    jq -e '[.sources[] | select(.channels[0].rail == "gpu1-instant") | .channels[0].parent] == ["gpu1"]' <<<"$output"
    jq -e '[.sources[] | .simulated] | all' <<<"$output"
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

# tool NAME: a stand-in that prints what comes on its standard input, and what it was called with
tool() {
    mkdir -p bin
    cat >"bin/$1.out"
    printf '#!/bin/sh\necho "$@" >"%s"\ncat "%s"\n' "$PWD/$1.args" "$PWD/bin/$1.out" >"bin/$1"
    chmod +x "bin/$1"
    PATH=$PWD/bin:$PATH
}

@test "examples/meters: tegrastats of all ages, rails and nothing else" {
    tool tegrastats <<'T'
05-03-2024 10:20:30 RAM 3012/7620MB (lfb 41x4MB) SWAP 0/3810MB (cached 0MB) CPU [12%@1510,off] EMC_FREQ 4%@2133 GR3D_FREQ 0%@[624] APE 200 cpu@48.1C VDD_IN 5068mW/5100mW VDD_SOC 1500mW/1501mW
RAM 2448/3964MB (lfb 14x4MB) IRAM 0/252kB(lfb 252kB) CPU [1%@102] PLL@25C POM_5V_IN 2532/2540 POM_5V_GPU 0/12
T
    run -0 "$ERG_SRC/examples/meters/tegrastats" 250
    [ "$output" = "0 VDD_IN 5068 mW
0 VDD_SOC 1500 mW
0 POM_5V_IN 2532 mW
0 POM_5V_GPU 0 mW" ]
    [ "$(cat tegrastats.args)" = "--interval 250" ]
}

@test "examples/meters: ipmitool, pmrep and the Raspberry Pi 5's PMIC are sources" {
    tool ipmitool <<'T'

    Instantaneous power reading:                   220 Watts
    Minimum during sampling period:                 18 Watts
    IPMI timestamp:                           Thu Mar  7 10:12:34 2024
    Power reading state is:                   activated
T
    tool pmrep <<'T'
Time;"denki.rapl.rate-0-package-0";"denki.rapl.rate-1-dram"
2024-03-07 10:12:34;;
2024-03-07 10:12:35;18.250;2.125
2024-03-07 10:12:36;19.250;2.250
T
    tool vcgencmd <<'T'
   3V7_WL_SW_A current(0)=0.09759420A
   VDD_CORE_A current(7)=2.50000000A
  VDD_CORE_V volt(15)=0.80000000V
  3V7_WL_SW_V volt(8)=3.70000000V
     EXT5V_V volt(24)=5.15010000V
T
    run sources --reads 1 --seconds 0 -s "exec:$ERG_SRC/examples/meters/ipmitool 0.01" --format json
    jq -e '.sources[0].channels | map([.rail, .quantity]) == [["system", "power"]]' <<<"$output"
    jq -e '.sources[0].model.provenance == "assumed"' <<<"$output"
    run -0 "$ERG_SRC/examples/meters/pmrep"
    [ "$output" = "0 0-package-0 18.250 W
0 1-dram 2.125 W
0 0-package-0 19.250 W
0 1-dram 2.250 W" ]
    run sources --reads 1 --seconds 0 -s "exec:$ERG_SRC/examples/meters/pi5-pmic 0.01" --format json
    jq -e '.sources[0].channels | map([.rail, .quantity]) == [["3V7_WL_SW", "current"],
        ["3V7_WL_SW", "voltage"], ["VDD_CORE", "current"], ["VDD_CORE", "voltage"]]' <<<"$output"
    for meter in ipmitool pmrep pi5-pmic tegrastats; do
        run -1 env PATH=/nowhere /bin/sh "$ERG_SRC/examples/meters/$meter"
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == *" is not installed"* ]]
    done
}

@test "amd-smi: a library that is half there is told, of one without some functions the rest is read" {
    LD_LIBRARY_PATH=$ERG_BUILD/tests/standin/amd/half run -1 erg-record sources -s amd-smi --reads 0
    [[ $output == *"libamd_smi.so: has no function amdsmi_get_gpu_device_bdf"* ]]
    # and a recording goes on with the others
    LD_LIBRARY_PATH=$ERG_BUILD/tests/standin/amd/half erg-record run -o run.erg -- true 2>err
    grep -qx 'erg-record: left out: amd-smi: libamd_smi.so: has no function amdsmi_get_gpu_device_bdf' err
    [ -e run.erg ]
    LD_LIBRARY_PATH=$ERG_BUILD/tests/standin/amd/old erg-record sources -s amd-smi --reads 0 --format json >old.json
    jq -e '[.sources[].channels[] | .rail + " " + .quantity] | sort ==
        ["gpu0 power", "gpu0-gfx frequency", "gpu0-mem frequency", "gpu1 power", "gpu1-gfx frequency", "gpu1-mem frequency"]' old.json
}

@test "a GPU's library that is there and cannot be loaded is not said to be missing" {
    mkdir lib
    echo junk >lib/libnvidia-ml.so.1
    echo junk >lib/libamd_smi.so
    LD_LIBRARY_PATH=$PWD/lib erg-record run -o run.erg -- true 2>err
    grep -qF "left out: nvml: libnvidia-ml.so.1 cannot be loaded: $PWD/lib/libnvidia-ml.so.1: " err
    grep -qF "left out: amd-smi: libamd_smi.so cannot be loaded: $PWD/lib/libamd_smi.so: " err
    LD_LIBRARY_PATH=$PWD run -1 erg-record sources -s nvml --reads 0
    [[ $output == *"libnvidia-ml.so.1: not installed"* ]]
}

@test "a meter that is unplugged, a sensor that goes: the recording goes on with the rest, and says how much failed" {
    erg-board b --meter 3>&- &
    board=$!
    await test -e b/ergboard/ready
    erg-record --sysfs sys -s "procstat,hwmon,powersensor3:b/ergboard/meter" -o run.erg -- sh -c '
        sleep 0.5; kill "$0"; rm -r sys/class/hwmon/hwmon0; sleep 1.5; exit 7' "$board" 2>err || [ "$?" -eq 7 ]
    wait "$board" || true
    tar -xOf run.erg run/summary.json >s.json
    # each of the two has been read, has failed since, and is told
    [ "$(grep -cE '^erg-record: warning: .*: no reading of (hwmon|powersensor3) since [0-9]+\.[0-9]{3} s after the beginning: ' err)" -eq 2 ]
    jq -e '[.sources[] | select(.kind == "hwmon" or .kind == "powersensor3") | .reads > .errors and .errors > 0] == [true, true]' s.json
    jq -e '.sources[] | select(.kind == "procstat") | .reads > 5 and .errors == 0' s.json
    erg-analyze verify run.erg
    erg-analyze info run.erg >info
    grep -qi 'failed' info err
}

@test "trees that are half there: one line for each fault, and the rest is read" {
    put() { mkdir -p "$(dirname "t/$1")"; printf '%s\n' "$2" >"t/$1"; }
    local h=class/hwmon p=class/powercap e=bus/event_source/devices
    put $h/hwmon0/name good
    put $h/hwmon0/power1_input 5000000
    put $h/hwmon1/name ina219
    put $h/hwmon1/in1_input 5000 # no current
    ln -s ../../devices/gone t/$h/hwmon2
    put $h/hwmon3/device/name power_meter
    put $h/hwmon3/device/power1_oem_info "CPU Power Socket 0"
    put $h/hwmon4/name odd
    put $h/hwmon4/power1_input garbage
    put $h/hwmon4/power2_input 7000000
    mkdir t/$h/hwmon4/power3_input
    put $p/intel-rapl:0/name package-0
    put $p/intel-rapl:0/energy_uj 7
    put $p/intel-rapl:0/max_energy_range_uj 65532610987
    put $p/intel-rapl:0:0/energy_uj 3 # no name
    put $p/intel-rapl:1/energy_uj 3
    put $p/intel-rapl:2/name package-2
    put $p/intel-rapl:3/name package-3
    put $p/intel-rapl:3/energy_uj 7
    put $p/intel-rapl:3/max_energy_range_uj 0
    put $p/intel-rapl:4/name package-4
    put $p/intel-rapl:4/energy_uj 7
    put $p/intel-rapl:4/max_energy_range_uj 1000 # no counter is read as often as that
    put $e/power/type none
    put $e/power_core/type none
    erg-record sources --sysfs t -s auto --reads 1 --seconds 0 --format json >doc.json
    jq -r '[.sources[] | select(.class == "power") | .channels[].rail] | sort | join(" ")' doc.json >rails
    [ "$(cat rails)" = "good-power1 odd-power2 package-0 package-3 package-4" ]
    jq -r '.missing[] | select(.path | startswith("t/class/hwmon/", "t/class/powercap/", "t/bus/event_source/")) |
        .path[2:] + ": " + .reason' doc.json | sed "s/: [^:]*cannot be read/: cannot be read/" | sort >got
    diff got - <<END
$e/power: its type is no number
$e/power_core: its type is no number
$h/hwmon1: ina219 tells neither power nor energy, nor current and voltage
$h/hwmon2: its device is gone
$h/hwmon3/device: power_meter tells neither power nor energy, nor current and voltage
$h/hwmon4/power1_input: cannot be read: not a number
$h/hwmon4/power3_input: cannot be read: Invalid argument
$p/intel-rapl:0:0: it has no name
$p/intel-rapl:1: it has no name
$p/intel-rapl:2: it has no energy_uj
$p/intel-rapl:3: it does not tell where it wraps: a reading at which it does is lost
$p/intel-rapl:4: it does not tell where it wraps: a reading at which it does is lost
END
    # A recording says it, too: but for the two that are read.
    erg-record run --sysfs t -o half.erg -- true 2>err
    [ "$(grep -c '^erg-record: left out: .* (t/.*)$' err)" -eq 3 ]
    grep -qx 'erg-record: 6 more are left out: erg-record sources says which' err
    # An event that is none is said once, whatever the number of CPUs.
    put $e/power_core/type 33
    put $e/power_core/cpumask 0-3
    put $e/power_core/events/energy-core event=zz
    erg-record sources --sysfs t --reads 0 >text
    [ "$(grep -c 'events/energy-core: is no event: expected event=NUMBER' text)" -eq 1 ]
}
