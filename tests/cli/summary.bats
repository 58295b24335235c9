#!/usr/bin/env bats
# The line that erg-record run says at its end.
# bats file_tags=apart
load helpers

# One chip with a rail of 3.25 W and a part of it.
test_setup() {
    mkdir -p sys/class/hwmon/hwmon0
    echo ina226 >sys/class/hwmon/hwmon0/name
    echo 3250000 >sys/class/hwmon/hwmon0/power1_input
    echo VDD_IN >sys/class/hwmon/hwmon0/power1_label
    echo 1200000 >sys/class/hwmon/hwmon0/power2_input
    echo VDD_CPU >sys/class/hwmon/hwmon0/power2_label
}

# Seconds, joules, joule-seconds and percent of the line.
figures() {
    sed -n 's/.* \([0-9.]*\) s, \([0-9.]*\) J, EDP \([0-9.]*\) Js (rail VDD_IN, .*observed \([0-9.]*\) %).*/\1 \2 \3 \4/p'
}

@test "the summary has time, energy, EDP, rail, coverage, losses and the archive" {
    run --separate-stderr erg-record --sysfs sys -s hwmon --idle 0.3 -o a.erg -- sleep 0.5
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    figures <<<"$stderr" >got
    echo "$stderr"
    # gaps, as a loaded machine makes them, count at the mean power
    awk '{ n++; e = $2 / (3.25 * $1); d = $3 / ($2 * $1)
        if ($1 < 0.5 || e < 0.99 || e > 1.01 || d < 0.99 || d > 1.01 || $4 > 100) n = 9 }
        END { exit n != 1 }' got
    [[ "$stderr" == *"events lost: a.erg"* ]]
    [[ "$stderr" != *SIMULATED* ]]
    [[ "$stderr" == *"erg-record: next: erg-analyze totals a.erg" ]]
}

@test "its energy is that of erg-analyze totals" {
    skip_unless jq
    run --separate-stderr erg-record --sysfs sys -s hwmon -o a.erg -- sleep 0.5
    figures <<<"$stderr" >got
    want=$(erg-analyze totals --format json a.erg | jq '.runs[0].phases[0].ets_j.value')
    awk -v w="$want" '{ n++; d = $2 / w - 1 } END { exit !(n == 1 && d < 0.02 && d > -0.02) }' got
}

@test "a command shorter than the sampling interval has readings on both sides" {
    run --separate-stderr erg-record --sysfs sys -s hwmon -r 6 -o a.erg -- sleep 0.02
    figures <<<"$stderr" >got
    awk '{ n++; e = $2 / (3.25 * $1); if (e < 0.9 || e > 1.1 || $4 != 100) n = 9 } END { exit n != 1 }' got
}

@test "simulated power is called so, and no power is not 0 J" {
    touch sys/simulated
    run --separate-stderr erg-record --sysfs sys -s hwmon -o a.erg -- sleep 0.2
    [[ "$stderr" == *"rail VDD_IN, SIMULATED, observed"* ]]
    run --separate-stderr erg-record -s procstat -o b.erg -- sleep 0.1
    [[ "$stderr" == *"no power was read"* ]]
    [[ "$stderr" != *" J,"* ]]
    run --separate-stderr erg-record -q --sysfs sys -s hwmon -o c.erg -- sleep 0.1
    [[ "$stderr" != *" J,"* ]]
}

@test "the summary counts layers and calls over threads and processes, and says what to do next" {
    app=$ERG_BUILD/tests/trace/trace-app
    # ten calls in each of eight threads; then two processes that name a layer alike, and one more
    run --separate-stderr erg-record --sysfs sys -s hwmon -o a.erg -- "$app" network:net layer:l threads:8=l
    echo "$stderr"
    [[ "$stderr" == *"erg-record: 1 layer, 80 calls; "*" readings"*"; 0 events lost: a.erg"* ]]
    [[ "$stderr" == *"erg-record: next: erg-analyze layers a.erg" ]]
    run --separate-stderr erg-record --sysfs sys -s hwmon -o "it's b.erg" -- sh -c \
        "$app network:net layer:l begin:l end:l & $app network:net layer:l layer:m begin:l end:l begin:m end:m; wait"
    echo "$stderr"
    [[ "$stderr" == *"erg-record: 2 layers, 3 calls; "* ]]
    [[ "$stderr" == *"next: erg-analyze layers 'it'\\''s b.erg'" ]]
}

@test "layers of a recording without power: times, and no word about energies that are no column" {
    mkdir empty
    erg-record --sysfs empty -o t.erg -- "$ERG_BUILD/tests/trace/trace-app" network:net layer:l threads:2=l
    run --separate-stderr erg-analyze layers t.erg
    echo "$output"
    [[ "$output" == *"no power was read: times only"*"of the time"* ]]
    [[ "$output" != *"not seen"* ]]
    run --separate-stderr erg-analyze totals t.erg
    [[ "${lines[0]}" == "t.erg, no power was read: times only, 0 events lost" ]]
    [[ "$output" != *"unresolved"* && "$output" != *"ETS"* ]]
    if command -v jq >/dev/null; then # a sensor that there is not has no model, neither lag nor window
        erg-analyze totals --format json t.erg | jq -e '.runs[0] | .model.fitted == {} and .phases[0].ets_j.value == null'
    fi
    # what a network spends itself within a phase is a row below the layers, what it spends outside is none
    call=(begin:net begin:l sleep:2 end:l sleep:2 end:net)
    erg-record --sysfs empty -o p.erg -- "$ERG_BUILD/tests/trace/trace-app" network:net layer:l \
        phase:warm "${call[@]}" /phase:warm phase:go "${call[@]}" "${call[@]}" /phase:go
    skip_unless jq
    erg-analyze layers --phase go --format json p.erg >p.json
    jq -e '.runs[0] | [(.layers + .rest)[].name] == ["l", "(net itself)", "(no layer)"]' p.json
}

@test "a recording without layers says what to try" {
    run --separate-stderr erg-record --sysfs sys -s hwmon -o a.erg -- sleep 0.1
    [[ "$stderr" == *"no layer was seen: annotate the program (man 3 erg), or try --annotate auto"* ]]
    [[ "$stderr" != *"exit status"* ]]
    run --separate-stderr erg-record --sysfs sys -s hwmon -q -o b.erg -- sleep 0.1
    [[ "$stderr" != *"no layer was seen"* ]]
    run --separate-stderr erg-record --sysfs sys -s hwmon -o c.erg -- sh -c 'exit 7'
    [ "$status" -eq 7 ]
    [[ "$stderr" == *"the program ended with exit status 7"*"no layer was seen"* ]]
}

@test "a recording without rights to a sensor says how to get them" {
    [ "$(id -u)" -ne 0 ] || need_other_user
    chmod -R a+rX .
    chmod 0 sys/class/hwmon/hwmon0/power1_input
    cp -r sys /tmp/erg-summary-$$
    run --separate-stderr as_user sh -c "cd /tmp && erg-record --sysfs erg-summary-$$ -s hwmon --to 127.0.0.1:1 -- true"
    rm -rf /tmp/erg-summary-$$
    echo "$stderr"
    [[ "$stderr" == *"refused: hwmon: VDD_IN cannot be read: Permission denied; mend: run as root; or"*"chgrp"*"(FILE: "*"/hwmon0/power1_input)"* ]]
}

@test "examples/ci/gate: the same power for less time is less, the other way round it is more" {
    run --separate-stderr "$ERG_SRC/examples/ci/gate" -n 3 -f 10 'sleep 1.2' 'sleep 0.1' --sysfs sys -s hwmon
    echo "$output $stderr"
    [ "$status" -eq 0 ]
    [ -s energy/energy.md ]
    grep -q '<testsuites tests="1" failures="0"' energy/energy.xml
    run --separate-stderr erg-analyze compare energy/new energy/base --fail-above 10
    [ "$status" -eq 4 ]
    run "$ERG_SRC/examples/ci/gate" one
    [ "$status" -eq 2 ]
}

@test "examples/ci/gate: a program that fails is no verdict, and archives of the last time are none of this one" {
    mkdir -p energy/base energy/new
    for f in base/1 base/9 new/7 base/mine; do echo old >"energy/$f.erg"; done
    run -1 "$ERG_SRC/examples/ci/gate" -n 2 -f 10 'true' 'exit 4' --sysfs sys -s hwmon
    [[ $output == *"'exit 4'"*"exit status 4"* ]]
    [ "$(cd energy && echo */*)" = "base/1.erg base/mine.erg new/1.erg" ]
    run -1 env PATH=/usr/bin:/bin "$ERG_SRC/examples/ci/gate" true true
    [[ $output == *"examples/shell"* ]]
}
