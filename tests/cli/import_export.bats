# erg-record import of what erg-analyze export --to samples and --to layers wrote: the run is the same again
# bats file_tags=offline
load helpers

# What an account says of a run, without the names of files and what it cost to make.
said() {
    erg-analyze layers --by "${2:-layer}" --format json ${RAIL:+--rail "$RAIL"} "$1" 2>/dev/null |
        jq -S '.runs[0] | {ets_j, sensor: (.sensor | del(.interval_s)), layers: [.layers[] | {name, network, within: .["module"], calls, time_s, energy_j, macs, counters}], rest: [.rest[] | {name, time_s, energy_j}]}'
}
# again ARCHIVE: back.erg
again() {
    erg-analyze export --to samples "$1" -o s.csv 2>/dev/null
    erg-analyze export --to layers "$1" -o l.csv 2>/dev/null
    erg-record import s.csv --layers l.csv -f -o back.erg 2>log || { cat log; return 1; }
}
# same A B [BY]: to the rounding of nine digits of a second and of a joule
same() {
    said "$1" "${3:-layer}" >a.json
    said "$2" "${3:-layer}" >b.json
    jq -e '[.layers[] | select(.energy_j.value != null)] | length > 1' a.json
    jq -n -e --slurpfile a a.json --slurpfile b b.json '
        def close($x; $y): if ($x | type) == "number" and ($y | type) == "number"
            then (($x - $y) | fabs) <= 1e-6 * ([($x | fabs), 1e-9] | max) else $x == $y end;
        [$a[0] | paths(scalars)] as $p | all($p[]; . as $q | close($a[0] | getpath($q); $b[0] | getpath($q)))' ||
        { diff a.json b.json | head -20; return 1; }
}
board() { # means of 2 ms of a board, a part of it, a rail of another meter every 10 ms, a counter, a temperature
    awk 'BEGIN { print "time_s,VDD_IN [mW],VDD_CPU [mW],wall [W],pkg [J],soc [degC]"
        for (i = 0; i <= 4000; i++) { m = i % 40; p = m < 15 ? 9 : m < 28 ? 4 : 6; e += p * 0.4 * 0.002
            printf "%.3f,%.0f,%.0f,%s,%.6f,%.2f\n", i / 500, (p + i * 7919 % 101 / 2000) * 1000, p * 600, i % 5 ? "" : sprintf("%.2f", p + 2), e, 40 + i / 1000 } }'
}
layers() { # conv and pool in block within net, fc in net, on a thread; copy on a stream; counters; phases
    awk 'BEGIN { print "begin_s,end_s,level,layer,type,network,module,module_type,iteration,track,place,macs,phase,counter:cycles"
        for (i = 0; i < 100; i++) { t = i * 0.08; phase = i < 50 ? "warm" : "work"
            printf "%.6f,%.6f,network,net,,net,,,%d,main,,0,%s,\n", t, t + 0.08, i, phase
            printf "%.6f,%.6f,module,inner,Small,net,outer,Block,%d,main,,0,,\n", t, t + 0.056, i
            printf "%.6f,%.6f,layer,conv,conv,net,outer\tinner,Block\tSmall,%d,main,,1000,,%d\n", t, t + 0.03, i, i * 7
            printf "%.6f,%.6f,layer,pool,pool,net,outer\tinner,Block\tSmall,%d,main,,0,,\n", t + 0.03, t + 0.056, i
            printf "%.6f,%.6f,layer,fc,fc,net,,,%d,main,,50,,%d\n", t + 0.056, t + 0.078, i, i }}'
}

@test "several kinds of sensor, rails within rails, nested modules, counters: the same figures to rounding" {
    board >b.csv
    layers >bl.csv
    erg-record import b.csv --layers bl.csv --sensor kind=boxcar window_s=0.002 VDD_CPU:kind=ema VDD_CPU:alpha=0.5 \
        VDD_CPU:parent=VDD_IN wall:window_s=0.01 wall:gain_max=0.01 wall:offset_max=0.02 wall:lag_s=0.001 wall:lag_u_s=0.0005 \
        pkg:period_s=0.001 -o a.erg
    again a.erg
    for rail in VDD_IN VDD_CPU wall pkg; do
        for f in a back; do
            erg-analyze layers --rail $rail --format json $f.erg 2>/dev/null |
                jq -S '.runs[0] | [.ets_j, .sensor, (.layers[] | [.name, .calls, .energy_j])]' >$f.$rail
        done
        diff a.$rail back.$rail
    done
    RAIL=VDD_IN
    for by in layer type module block; do same a.erg back.erg $by; done
    erg-analyze layers --by block --format json back.erg 2>/dev/null | jq -e '[.runs[0].layers[].name] | index("Block") != null'
    "$ERG_BUILD/tests/tools/erg-pack" --manifest back.erg >m.json
    jq -e '[.sources[].channels[] | select(.parent != "") | [.rail, .parent]] == [["VDD_CPU", "VDD_IN"]]' m.json
    jq -e '[.sources[].kind] | unique == ["imported:csv"]' m.json
    # and once more the same bytes
    mv s.csv s1.csv
    mv l.csv l1.csv
    again back.erg
    cmp s.csv s1.csv
    cmp l.csv l1.csv
}

@test "a recording of a board: its simulated label, its registers, idle before and behind the command" {
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" a.erg
    again a.erg
    same a.erg back.erg
    same a.erg back.erg module
    for verb in "totals" "layers --energy above-idle"; do
        for f in a back; do erg-analyze $verb --format json $f.erg 2>/dev/null | jq -S '.runs[0] | del(.archive, .overhead, .lost_events, .cost)' >$f.json; done
        [ "$(jq -c '.. | .ets_j? // empty | .value?' a.json)" = "$(jq -c '.. | .ets_j? // empty | .value?' back.json)" ]
    done
    erg-analyze layers back.erg 2>&1 | grep -qi simulated
    "$ERG_BUILD/tests/tools/erg-pack" --manifest back.erg | jq -e '.simulated and ([.sources[].simulated] | all)'
    [ "$(erg-analyze totals --format json back.erg 2>/dev/null | jq -c '[.runs[0].phases[].name]')" = "$(erg-analyze totals --format json a.erg 2>/dev/null | jq -c '[.runs[0].phases[].name]')" ]
}

@test "readings that were calibrated, of two tracks of one name, on a device whose name does not say so" {
    awk 'BEGIN { print "begin_s,end_s,layer,track,place"
        for (i = 0; i < 100; i++) { printf "%.3f,%.3f,a,work,host\n%.3f,%.3f,k,queue,device\n", i * 0.08, i * 0.08 + 0.03, i * 0.08 + 0.03, i * 0.08 + 0.08 } }' >l2.csv
    board | cut -d, -f1,2 | sed 's/VDD_IN/gpu0/' >g.csv
    erg-record import g.csv --layers l2.csv --sensor kind=boxcar window_s=0.002 -o a.erg
    erg-analyze layers --format json a.erg 2>/dev/null | jq -e '[.runs[0].layers[].name] == ["k"]'
    again a.erg
    erg-analyze layers --format json back.erg 2>/dev/null | jq -e '[.runs[0].layers[].name] == ["k"]'
    # the person's word counts more than the table's
    erg-record import s.csv --sensor kind=point window_s=0 -f -o p.erg
    "$ERG_BUILD/tests/tools/erg-pack" --manifest p.erg | jq -e '[.sources[].sensor.kind] == ["point"]'
}

@test "what is said above the table is checked; what export --to csv has not is said" {
    board >b.csv
    erg-record import b.csv -o a.erg
    erg-analyze export --to samples a.erg -o s.csv
    refused() {
        run erg-record import bad.csv -f -o no.erg
        echo "$output"
        [ "$status" -eq 1 ]
        [[ ${lines[-1]} == *"$1"* ]]
        [ ! -e no.erg ]
    }
    sed '1s/run .*/run 5/' s.csv >bad.csv
    refused "bad.csv: line 1: 'run 5': run BEGIN END"
    sed '1s/run/ran/' s.csv >bad.csv
    refused 'bad.csv: line 1'
    sed 's/column 3/column 33/' s.csv >bad.csv
    refused "column 33': one of the 5 columns"
    sed 's/kind=counter/kind=point/' s.csv >bad.csv
    refused 'contradicts the unit [J]'
    sed 's/gain_max=0/gain_max=7/' s.csv >bad.csv
    refused "bad.csv: column 1: --sensor: 'gain_max=7': a number from 0 to 1 was expected"
    erg-analyze export --to csv a.erg -o t.csv 2>/dev/null
    erg-record import t.csv -f -o t.erg 2>&1 | grep -q 'export --to samples and --to layers keep both'
    run erg-analyze export --to layers a.erg -o l.csv
    [ "$status" -eq 1 ]
    [[ $output == *"no layer was recorded"* ]]
    run erg-analyze export --to samples --rail wall a.erg -o x.csv
    [ "$status" -eq 2 ]
}
