#!/usr/bin/env bats
# The recorder's share of time and energy, as info and report tell it.
load helpers

# A chip that says 3.25 W, and a command that says 6 W while it runs some layers.
test_setup() {
    skip_unless jq
    mkdir -p sys/class/hwmon/hwmon0
    echo ina226 >sys/class/hwmon/hwmon0/name
    echo 3250000 >sys/class/hwmon/hwmon0/power1_input
    echo VDD_IN >sys/class/hwmon/hwmon0/power1_label
    touch sys/simulated
    printf 'network small\ninput 3x32x32\nconv c out=64 k=3\nrelu r\nfc f out=4\n' >small.net
    cat >work <<'END'
#!/bin/sh
echo 6000000 >sys/class/hwmon/hwmon0/power1_input
erg-convnet ${WORK:---duration 1} ./small.net
echo 3250000 >sys/class/hwmon/hwmon0/power1_input
END
    chmod +x work
}

record() { erg-record -q --sysfs sys -o "$@"; }

@test "the recorder's shares are estimates with intervals, within 0 and 1" {
    record a.erg -s hwmon,procstat --idle 1 -- ./work
    erg-analyze info --format json a.erg | jq '.files[0].recorder' >r.json
    cat r.json
    jq -e 'all(.time_share, .time_share_threads, .time_share_beside;
        0 <= .lo and .lo <= .value and .value <= .hi and .hi <= 1 and (.method | length) > 0)' r.json
    jq -e '.time_share_threads.lo > 0 and .time_share_beside.value > 0 and .events > 100' r.json
    # A busy machine may hide the command: then there are bounds alone.
    jq -e '.energy_share | .lo == 0 and 0 < .hi and .hi <= 1 and
        (.value == null or (0 < .value and .value <= .hi))' r.json
    jq -e '.rail == "VDD_IN" and .simulated and .recorder_cpu_s > 0 and
        .event_s.lo <= .event_s.value and .event_s.value <= .event_s.hi' r.json
    erg-analyze info a.erg >text
    grep '^recorder   took .* % (.* to .* %) of the time: .* by events in the threads' text
    grep 'of the energy of VDD_IN (SIMULATED)$' text
    grep "CPU time: erg-record .*; an event .*s (.* to .*)" text
    run -1 erg-analyze info --rail VDD_GPU a.erg
    [[ "$output" == *"a.erg: no rail 'VDD_GPU'; there are: VDD_IN"* ]]
}

@test "what is not known is not told: no idle phases, no busy CPUs, counters" {
    record a.erg -s hwmon,procstat -- ./work
    erg-analyze info --format json a.erg | jq -e '.files[0].recorder.energy_share |
        .value == null and .method == "unresolved" and .lo == 0 and .hi <= 1'
    erg-analyze info a.erg | grep 'and at most .* % of the energy of VDD_IN'
    record b.erg -s hwmon -- ./work
    erg-analyze info b.erg | grep 'and an unknown part of the energy of VDD_IN'
    record c.erg -s procstat -c task-clock -- ./work
    erg-analyze info c.erg | grep 'took at least .* of the time'
}

@test "archives that do not say what they cost: not recorded" {
    for f in "$ERG_SRC"/tests/golden/archive/read/*.erg; do
        erg-analyze info --format json "$f" | jq -e '.files[0] | has("recorder") and .recorder == null'
        erg-analyze info "$f" | grep '^recorder   its share of time and energy was not recorded'
    done
}

@test "the report has the shares beside what else the recording says of itself" {
    skip_without page
    WORK='-n 300' record a.erg -s hwmon,procstat --idle 1 -- ./work
    erg-analyze report a.erg -o report.html
    sed -n 's/.*<script[^>]*id="data"[^>]*>\(.*\)<\/script>.*/\1/p' report.html >doc.json
    jq -e '.runs[0].recorder.time_share.value > 0' doc.json
}
