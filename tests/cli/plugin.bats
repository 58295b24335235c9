#!/usr/bin/env bats
# The babeltrace2 plugin: the same figures as erg-analyze in anybody's graph.
# bats file_tags=apart
load helpers

test_setup() {
    command -v babeltrace2 >/dev/null || skip "babeltrace2 is not installed"
    PLUGIN=$ERG_BUILD/analyze/plugin
    [ -e "$PLUGIN/babeltrace-plugin-erg.so" ] || skip "built without babeltrace2"
    PATH="$ERG_BUILD/tests/bench:$PATH"
}

graph() {
    babeltrace2 --plugin-path="$PLUGIN" "$@"
}

# Messages without their times; nor the type of a definition, since of an empty text that comes after
# another libbabeltrace2 2.0.4 shows the other.
messages() {
    sed 's/^\[[^]]*\] //; s/ type = "[^"]*",//'
}

# Layers a (9 W) and b (5 W) take turns for 4 s; b's instances are of two lengths.
make_run() {
    awk 'BEGIN {
        srand(1)
        print "time_s,VDD_IN [mW]" > "s.csv"
        print "begin_s,end_s,layer,type,network,iteration" > "l.csv"
        for (k = 0; k < 80; k++) {
            end = begin + (k % 2 ? 0.03 + 0.02 * (k % 4 == 1) : 0.05)
            printf "%.6f,%.6f,%s,conv,net,%d\n", begin, end, k % 2 ? "b" : "a", k / 2 > "l.csv"
            for (; i / 1000 + 0.0004 < end; i++)
                printf "%.6f,%d\n", i / 1000 + 0.0004, (k % 2 ? 5000 : 9000) + 13 * rand() > "s.csv"
            begin = end
        } }'
    erg-record import --samples s.csv --layers l.csv --sensor "kind=point window_s=0.0001 period_s=0.001 lag_s=0" \
        -o run.erg
    erg-analyze verify run.erg >/dev/null
    tar -xf run.erg
}

@test "a graph sees of the plugin what babeltrace2 looks for, and no other symbol" {
    skip_unless nm
    nm -D --defined-only "$PLUGIN/babeltrace-plugin-erg.so" >symbols
    grep -q ' T __bt_get_begin_section_plugin_descriptors$' symbols
    ! grep -v ' __bt_get_' symbols || false
}

@test "sink.erg.layers prints the figures of erg-analyze layers" {
    skip_unless jq
    make_run
    mktrace 100000 bench.erg >/dev/null
    tar -xf bench.erg
    for run in run bench; do
        [ -d $run/trace ]
        erg-analyze layers --format json $run.erg | jq -S '.runs[0] | del(.archive)' >want
        for from in $run $run.erg; do
            graph $run/trace -c sink.erg.layers -p "run=\"$from\"" -p 'format="json"' |
                jq -S '.runs[0] | del(.archive)' >got
            cmp want got
        done
        [ "$(jq '.layers | length' got)" -ge 2 ]
    done
    erg-analyze layers --by type --rail VDD_IN run.erg | sed 1d >want
    graph run/trace -c sink.erg.layers -p 'run="run"' -p 'by="type"' -p 'rail="VDD_IN"' | sed 1d >got
    cmp want got
}

@test "babeltrace2 finds the plugin by its environment too" {
    make_run
    BABELTRACE_PLUGIN_PATH=$PLUGIN babeltrace2 run/trace -c sink.erg.layers >got
    grep -q '^a  *conv' got
}

@test "without the archive's documents the run is from the first event to the last" {
    skip_unless jq
    make_run
    erg-analyze layers --format json run.erg | jq -c '[.runs[0].layers[] | [.name, .calls]]' >want
    graph run/trace -c sink.erg.layers -p 'format="json"' >doc.json
    jq -c '[.runs[0].layers[] | [.name, .calls]]' doc.json >got
    cmp want got
    [ "$(jq '.runs[0].layers[] | select(.name == "a") | .energy_j.value | . > 17.9 and . < 18.1' doc.json)" = true ]
}

@test "simulated power is called so" {
    mktrace 20000 bench.erg >/dev/null
    tar -xf bench.erg
    graph bench/trace -c sink.erg.layers 2>err | grep -q SIMULATED
    grep -q simulated err
    graph bench/trace -c filter.erg.energy -c sink.text.pretty >text
    grep -q 'erg:layer_energy.*simulated = 1' text
}

@test "filter.erg.energy passes all, in order, and its energies add up to the layers'" {
    skip_unless jq
    make_run
    graph run/trace -c sink.text.pretty -p 'color="never",no-delta=yes' | messages >want
    graph run/trace -c filter.erg.energy -p 'run="run"' -c sink.text.pretty -p 'color="never",no-delta=yes' >all
    grep -v erg:layer_energy all | messages >got
    cmp want got
    [ "$(grep -c erg:layer_energy all)" -eq 80 ]
    # right behind its instance, at its time
    awk '/erg:layer_energy/ { if ($1 != t) exit 1 } { t = $1 }' all
    for l in a b; do
        want=$(erg-analyze layers --format json run.erg |
            jq ".runs[0].layers[] | select(.name == \"$l\") | .energy_j.value")
        grep "erg:layer_energy.*layer = \"$l\"" all | sed 's/.*energy_uj = \([-0-9.e+]*\),.*resolved = 1.*/\1/' |
            awk -v w="$want" '{ s += $1 * 1e-6; n++ } END { d = s / w - 1; exit !(n == 40 && d < 2e-5 && d > -2e-5) }'
    done
    # (the text has six digits) 50 and 30 ms of b at one power
    grep 'erg:layer_energy.*layer = "b"' all | sed 's/.*energy_uj = \([-0-9.e+]*\),.*/\1/' | sort -g |
        awk '{ v[NR] = $1 } END { q = v[40] / v[1]; exit !(q > 1.66 && q < 1.68) }'
}

@test "an enclosing layer has the energy of its own time" {
    skip_unless jq
    # outer, 100 ms at 9 W, has an inner of 20 or 60 ms at 4 W in its middle
    awk 'BEGIN {
        srand(1)
        print "time_s,VDD_IN [mW]" > "s.csv"
        print "begin_s,end_s,layer,type,network,iteration" > "l.csv"
        for (k = 0; k < 60; k++) {
            half = k % 2 ? 0.03 : 0.01; mid = k * 0.1 + 0.05
            printf "%.6f,%.6f,outer,block,net,%d\n", k * 0.1, (k + 1) * 0.1, k > "l.csv"
            printf "%.6f,%.6f,inner,conv,net,%d\n", mid - half, mid + half, k > "l.csv"
            for (i = 0; i < 100; i++) {
                t = k * 0.1 + i / 1000 + 0.0004
                printf "%.6f,%d\n", t, (t > mid - half && t < mid + half ? 4000 : 9000) + 13 * rand() > "s.csv"
            }
        } }'
    erg-record import --samples s.csv --layers l.csv --sensor "kind=point window_s=0.0001 period_s=0.001 lag_s=0" \
        -o nest.erg
    tar -xf nest.erg
    graph nest/trace -c filter.erg.energy -p 'run="nest"' -c sink.text.pretty >text
    grep 'erg:layer_energy.*layer = "outer"' text | sed 's/.*energy_uj = \([-0-9.e+]*\),.*/\1/' | sort -g |
        awk '{ v[NR] = $1; s += $1 } END { q = v[60] / v[1]; e = s * 1e-6 / (9 * 3.6)
            exit !(NR == 60 && q > 1.99 && q < 2.01 && e > 0.99 && e < 1.01) }'
    grep 'erg:layer_energy.*layer = "inner"' text | sed 's/.*energy_uj = \([-0-9.e+]*\),.*/\1/' |
        awk '{ s += $1 * 1e-6 } END { e = s / (4 * 2.4); exit !(NR == 60 && e > 0.99 && e < 1.01) }'
}

@test "what the filter adds can be stored as CTF and read again" {
    make_run
    graph run/trace -c filter.erg.energy -c sink.ctf.fs -p "path=\"out\",quiet=true$(ctf_1)"
    [ -n "$(find out -name metadata)" ]
    [ -z "$(ctf_1)" ] || skip "babeltrace2 2.1.1 aborts when it reads what it has written of this"
    babeltrace2 out >text
    [ "$(grep -c erg:layer_energy text)" -eq 80 ]
    [ "$(grep -c ergtrace:power_reading text)" -gt 3000 ]
}

@test "with readings=yes each reading of a rail is an event in watts" {
    make_run
    graph run/trace -c filter.erg.energy -p 'run="run",readings=yes' -c sink.text.pretty >text
    [ "$(grep -c erg:layer_energy text)" -eq 80 ]
    sed -n 's/.*erg:rail_power.*rail = "VDD_IN", power_w = \([0-9.]*\), simulated = 0.*/\1/p' text >watts
    tail -n +2 s.csv | awk -F, '{ printf "%.3f\n", $2 / 1000 }' >want
    awk '{ printf "%.3f\n", $1 }' watts >got
    cmp want got
}

@test "a layer that cannot be told has no energy, and not 0" {
    make_run
    awk 'NR == 1 || NR % 150 == 2' s.csv >few.csv # 24 readings of 3.6 s
    erg-record import --samples few.csv --layers l.csv -o few.erg
    tar -xf few.erg
    graph few/trace -c filter.erg.energy -p 'run="few"' -c sink.text.pretty >text
    grep 'erg:layer_energy.*layer = "b"' text | grep -q 'energy_uj = nan, method = "unresolved", resolved = 0'
    ! grep -q 'energy_uj = 0,' text || false
}

@test "a wrong parameter or rail is refused by a line that names it" {
    make_run
    run graph run/trace -c sink.erg.layers -p 'rial="VDD_IN"'
    [ "$status" -ne 0 ]
    [[ "$output" == *"parameter 'rial'"* ]]
    run graph run/trace -c sink.erg.layers -p 'by="colour"'
    [ "$status" -ne 0 ]
    [[ "$output" == *"parameter 'by'"* ]]
    for class in sink.erg.layers filter.erg.energy; do
        run graph run/trace -c $class -p 'rail="VDD_X"'
        [ "$status" -ne 0 ]
        [[ "$output" == *"VDD_X"*"VDD_IN"* ]]
    done
}
