# Recordings from trees of files that are shaped like the boards of the field.
# bats file_tags=apart
load helpers

tx1() {
    local d=$1/bus/i2c/drivers/ina3221x/1-0040/iio:device0 i=0 name
    mkdir -p "$d" "$1/class/thermal/thermal_zone0"
    for name in VDD_IN VDD_GPU VDD_CPU; do
        echo $name >"$d/rail_name_$i"
        echo "19000 $((600 - 200 * i))" >"$d/ui_input_$i"
        i=$((i + 1))
    done
    echo 1 >"$d/running_mode"
    echo CPU-therm >"$1/class/thermal/thermal_zone0/type"
    echo 41000 >"$1/class/thermal/thermal_zone0/temp"
    touch "$1/simulated"
}

zone() { # DIR NAME ENERGY: a powercap zone whose counter wraps at 2^32 units of 61 uJ
    mkdir -p "$1"
    echo "$2" >"$1/name"
    echo "$3" >"$1/energy_uj"
    echo 262143328850 >"$1/max_energy_range_uj"
}

record() { erg-record run -o run.erg --rate 200 --sysfs "$PWD/sys" "$@"; }

# Events NAME of this recorder: others that record at the same time are in the trace as well.
events() {
    local pid
    [ -d run ] || tar -xf run.erg
    [ -e all.txt ] || babeltrace2 ./run >all.txt 2>/dev/null
    pid=$(grep "ergtrace:source_define:.*path = \"$PWD/sys" all.txt | grep -om1 'vpid = [0-9]*,')
    grep "ergtrace:$1:.*$pid" all.txt
}

@test "Jetson TX1: rails, parents and readings reach the archive, marked as simulated" {
    skip_unless lttng babeltrace2
    tx1 sys
    run record -s ina3221x,thermal -- sleep 1
    [ "$status" -eq 0 ]
    events source_define | grep -q 'kind = "ina3221x".*simulated = 1, sensor = "ema", provenance = "assumed"'
    events channel_define | grep -q 'rail = "VDD_GPU", parent = "VDD_IN", quantity = "current"'
    events power_sample | grep -q 'values = \[ \[0\] = 600, \[1\] = 19000, \[2\] = 400'
    events thermal_sample | grep -q '\[0\] = 41000'
    jq -e '.simulated' run/manifest.json
}

@test "Jetson TX1: how slow the sensor is, is said" {
    tx1 sys
    run erg-record sources --sysfs sys -s ina3221x --reads 1 --seconds 0
    [[ "$output" == *"ema sensor (assumed)"*"updates every 6.6 ms, alpha 0.015625 (time constant 419.1 ms)"* ]]
}

@test "x86: counters that wrap are recorded as they are, with the value they wrap at" {
    skip_unless lttng babeltrace2
    zone sys/class/powercap/intel-rapl:0 package-0 262143328000
    zone sys/class/powercap/intel-rapl:0:0 core 1000
    # The command replays: 300 uJ every 10 ms, across the end of the range. The pauses are for readings
    # before the first step and after the last.
    cat >replay <<'END'
e=262143328000
sleep 1
for _ in $(seq 60); do
    e=$(((e + 300) % 262143328911))
    printf '%12d\n' $e 1<>sys/class/powercap/intel-rapl:0/energy_uj
    sleep 0.01
done
sleep 1
END
    run record -s powercap -- sh replay
    [ "$status" -eq 0 ]
    events channel_define | grep -q 'rail = "core-0", parent = "package-0", quantity = "energy".*wrap = 262143328911'
    events power_sample | grep -o '\[0\] = [0-9]*' | awk '{
        if (NR > 1 && $3 < last) wraps++
        last = $3
    } END { exit wraps == 1 ? 0 : 1 }'
    skip_unless erg-analyze
    # 60 steps of 300 uJ, whatever the wrap did
    erg-analyze totals --rail package-0 --format json run.erg |
        jq -e '.runs[0].phases[0].ets_j.value | . > 0.0179 and . < 0.0181'
}

@test "a counter that stands still is no figure of 0 J" {
    skip_unless lttng erg-analyze
    zone sys/class/powercap/intel-rapl:0 package-0 1000
    run record -s powercap -- sleep 0.2
    [ "$status" -eq 0 ]
    [[ "$output" == *"energy unresolved (rail package-0, showed 0 all the time)"* ]]
    [[ "$output" != *" J, EDP"* ]]
    erg-analyze totals --format json run.erg | jq -e '.runs[0].phases[0].ets_j.value == null'
}

@test "a converter's output is current by its own voltage, and part of what went in" {
    skip_unless lttng erg-analyze
    local d=sys/class/hwmon/hwmon0 kv
    mkdir -p $d
    echo ltc3880 >$d/name
    for kv in in1_label=vin in1_input=12000 in2_label=vout1 in2_input=900 curr1_label=iin curr1_input=5000 \
        curr2_label=iout1 curr2_input=50000; do
        echo "${kv#*=}" >"$d/${kv%%=*}"
    done
    run record -s hwmon -- sleep 0.5
    [ "$status" -eq 0 ]
    [[ "$output" == *"(rail vin, "* ]]
    # 12 V x 5 A, and 0.9 V x 50 A of them
    seconds=$(erg-analyze totals --format json run.erg | jq '.runs[0].phases[0].time_s')
    for rail in vin:60 vout1:45 all-roots:60; do
        erg-analyze totals --rail ${rail%:*} --format json run.erg |
            jq -e --argjson s "$seconds" --argjson w ${rail#*:} '.runs[0].phases[0].ets_j.value / ($w * $s) - 1 | fabs < 1e-3'
    done
}

@test "x86: the second package is a root, though the first one's parts come before it" {
    skip_unless lttng erg-analyze
    zone sys/class/powercap/intel-rapl:0 package-0 1000
    zone sys/class/powercap/intel-rapl:0:0 core 1000
    zone sys/class/powercap/intel-rapl:1 package-1 1000
    zone sys/class/powercap/intel-rapl:1:0 core 1000
    run record -s powercap -- sleep 0.2
    [ "$status" -eq 0 ]
    erg-analyze info --format json run.erg | jq -e '[.. | objects | select(.quantity? == "energy") | "\(.rail) \(.parent)"] ==
        ["package-0 ", "core-0 package-0", "package-1 ", "core-1 package-1"]'
}

@test "a file that vanishes during the run is reported, and takes nothing with it" {
    skip_unless lttng babeltrace2
    tx1 sys
    run record -s ina3221x,thermal -- sh -c 'rm -r sys/class/thermal/thermal_zone0; sleep 2'
    [ "$status" -eq 0 ]
    tar -xf run.erg
    jq -e '[.sources[] | select(.kind == "thermal") | .errors] | add > 0' run/summary.json
    jq -e '[.sources[] | select(.kind == "ina3221x") | .errors] | add == 0' run/summary.json
    events '\(power\|thermal\)_sample' | tail -n 1 | grep -q power_sample
}

@test "kill -9 of the recorder: what it set at a sensor is put back" {
    skip_unless lttng
    mkdir -p sys/class/hwmon/hwmon1
    for f in name:ina3221 in1_label:VDD_IN in1_input:19000 curr1_input:300 samples:64 update_interval:140; do
        echo "${f#*:}" >"sys/class/hwmon/hwmon1/${f%%:*}"
    done
    erg-record run -o run.erg --sysfs sys -s hwmon -- sleep 30 3>&- &
    recorder=$!
    await grep -qx 1 sys/class/hwmon/hwmon1/samples
    kill -9 "$recorder"
    wait "$recorder" || true
    await grep -qx 140 sys/class/hwmon/hwmon1/update_interval
    await grep -qx 64 sys/class/hwmon/hwmon1/samples
    erg-record run -o next.erg -s procstat -- true # ends what the killed one left
}

@test "exec: kill -9 of the recorder takes the meter's program with it" {
    skip_unless lttng
    erg-record run -o run.erg -s "exec:echo \$\$ >pid; while :; do echo '0 A 1 W'; sleep 0.01; done" -- sleep 30 3>&- &
    recorder=$!
    await [ -s pid ]
    meter=$(cat pid)
    kill -0 "$meter"
    kill -9 "$recorder"
    wait "$recorder" || true
    await gone "$meter"
    erg-record run -o next.erg -s procstat -- true # ends what the killed one left
}
