#!/usr/bin/env bats
# bats file_tags=offline
# sweep, corun, thermal and compare from results and tables: what they find, and what they refuse.
load helpers

# One entry of "runs" as `erg-analyze layers --format json` makes it, reduced to what experiments use.
# run_json NAME FACTORS TIME ENERGY [CPU_W]
run_json() {
    jq -n --arg name "$1" --argjson factors "$2" --argjson t "$3" --argjson e "$4" --argjson cpu "${5:-1}" '
        def est(v): {value: v, lo: (v * 0.99), hi: (v * 1.01), method: "nnls", stat: (v * 0.005), syst: (v * 0.005)};
        {archive: $name, rail: "VDD_IN", simulated: true, workload: "net", machine: "board", factors: $factors,
         tags: {}, time_s: $t, ets_j: est($e), edp_js: est($e * $t), mean_w: ($e / $t), peak_w: ($e / $t),
         coverage: 1, lost_events: 0, throttled_share: 0,
         rails: [{rail: "VDD_IN", parent: "", mean_w: ($e / $t)}, {rail: "VDD_CPU", parent: "VDD_IN", mean_w: $cpu}],
         channels: [{rail: "cpu0", quantity: "frequency", mean: 1e9, min: 1e9, max: 1e9}],
         layers: [{name: "conv1", network: "net", calls: 10, time_s: est($t * 0.7), energy_j: est($e * 0.8), merged_with: []},
                  {name: "pool1", network: "net", calls: 10, time_s: est($t * 0.3), energy_j: est($e * 0.2), merged_with: []}]}'
}

document() {
    jq -s '{schema: "ergtrace/1", tool: {name: "erg-analyze", version: "0", verb: "layers"}, warnings: [], runs: .}'
}

@test "corun: slowdown, extra energy and ranking with intervals over repetitions" {
    for rep in 1 2 3; do
        run_json "alone$rep" '{"corun": "none"}' "1.00$rep" "10.0$rep" 1
        run_json "mem$rep" '{"corun": "memory"}' "1.50$rep" "18.0$rep" 3
        run_json "io$rep" '{"corun": "io"}' "1.02$rep" "10.5$rep" 1.1
    done | document >runs.json
    erg-analyze corun runs.json --format json >corun.json 2>/dev/null
    jq -e '.matrix[] | select(.partner == "memory") | .slowdown |
        (.value - 1.4990) | fabs < 0.001' corun.json
    jq -e '.matrix[] | select(.partner == "memory") | .slowdown | .lo < .value and .value < .hi' corun.json
    jq -e '.matrix[] | select(.partner == "memory") | .extra_energy_j |
        (.value - 8 | fabs) < 1e-9 and (.syst - 0.04 | fabs) < 1e-9' corun.json
    jq -e '.matrix[] | select(.partner == "memory") | .rails[] | select(.rail == "VDD_CPU") |
        .alone_w == 1 and .together_w == 3' corun.json
    [ "$(jq -c '.ranking.net' corun.json)" = '["io","memory"]' ]
}

@test "corun: rows of the same pair are told apart by the settings that differ" {
    for clock in 1 2; do
        run_json "alone$clock" "{\"corun\": \"none\", \"clock\": $clock, \"cap\": 9}" 1 10
        run_json "mem$clock" "{\"corun\": \"memory\", \"clock\": $clock, \"cap\": 9}" 1.5 18
    done | document >runs.json
    erg-analyze corun runs.json >corun.txt 2>/dev/null
    grep -Eq '^net +memory +clock=1 +1 ' corun.txt
    grep -Eq '^net +memory +clock=2 +1 ' corun.txt
    erg-analyze corun runs.json --format csv 2>/dev/null >corun.csv
    head -1 corun.csv | grep -q '^clock,cap,workload,partner,runs,'
    grep -q '^2,9,net,memory,1,' corun.csv
}

@test "simulated power is on standard output in every format of every experiment" {
    for f in 400 800; do
        for with in none memory; do
            run_json "$with$f" "{\"corun\": \"$with\", \"freq_mhz\": $f}" "$((1200 / f))" 9
        done
    done | document >runs.json
    jq '.runs |= map(.simulated = false)' runs.json >real.json
    jq '.runs |= [.[0]]' runs.json >a.json
    jq '.runs |= [.[1]]' runs.json >b.json
    for verb in sweep corun; do
        erg-analyze $verb runs.json 2>/dev/null | grep -q '^SIMULATED power'
        erg-analyze $verb runs.json --format csv 2>/dev/null >s.csv
        head -1 s.csv | grep -q ',simulated$'
        [ "$(sed 1d s.csv | grep -vc ',true$')" -eq 0 ]
        erg-analyze $verb runs.json --format json 2>/dev/null | jq -e .simulated
        run erg-analyze $verb real.json
        [[ "$output" != *SIMULATED* ]]
        erg-analyze $verb real.json --format csv 2>/dev/null | sed 1d | grep -q ',false$'
    done
    erg-analyze compare a.json b.json 2>/dev/null | grep -q '^SIMULATED power'
}

@test "many warnings of a kind: the first three and how many more; a result passes its warnings on" {
    run_json a '{"f": 1}' 1 10 | document | jq '.warnings = [range(9) | {code: "gaps", text: "gap \(.)"}]
        + [range(4) | {code: "lost", text: "lost \(.)"}]' >runs.json
    erg-analyze sweep runs.json 2>log >/dev/null
    [ "$(grep -c '^warning: gap' log)" -eq 3 ]
    grep -q '^warning: and 6 more of the kind gaps; --format json has all$' log
    [ "$(grep -c '^warning: lost' log)" -eq 4 ]
    [ "$(erg-analyze sweep runs.json --format json 2>/dev/null |
        jq '[.warnings[] | select(.code == "gaps" or .code == "lost")] | length')" -eq 13 ]
}

@test "corun: one repetition has no interval and says so; nothing alone is refused" {
    { run_json a '{"corun": "none"}' 1 10; run_json b '{"corun": "memory"}' 2 30; } | document >runs.json
    erg-analyze corun runs.json --format json >corun.json 2>log
    jq -e '.matrix[0].slowdown.lo == null and .matrix[0].slowdown.value == 2' corun.json
    grep -q "one repetition" log
    { run_json a '{"corun": "x"}' 1 10; run_json b '{"corun": "y"}' 2 30; } | document >runs.json
    run erg-analyze corun runs.json
    [ "$status" -eq 1 ]
    [[ "$output" == *"alone"* ]]
}

@test "sweep from results: optimum, and the clock of each layer" {
    for f in 400 800 1200; do
        for rep in 1 2; do
            t=$(jq -n "0.2 + 600 / $f + $rep / 1000")
            run_json "r$f$rep" "{\"freq_mhz\": $f}" "$t" "$(jq -n "$t * (2 + 8 * pow($f / 1000; 3))")"
        done
    done | document >runs.json
    erg-analyze sweep runs.json --format json >sweep.json 2>/dev/null
    jq -e '.groups[0].best.ets.freq_mhz == 400' sweep.json
    jq -e '.groups[0] | .savings.ets.value == .ets_saving and .savings.edp.value == .edp_saving and
        .savings.time_penalty.value == .time_penalty' sweep.json
    # Two repetitions that err alike: the sensor's 0.5 % stay in the interval.
    jq -e '.groups[0].points[] | .ets_j, .edp_js | (.syst / .value - 0.005 | fabs) < 1e-6 and
        (.hi - .value - .stat - .syst | fabs) < 1e-6 * .value' sweep.json
    jq -e '.groups[0].sensitivity.t_mem_s.value - 0.2015 | fabs < 1e-6' sweep.json
    jq -e '.groups[0].layers | length == 2 and all(.best == 400)' sweep.json
    jq -e '.groups[0].per_layer_dvfs.saving | fabs < 1e-9' sweep.json
}

# unresolved: the energy of the runs that it reads is not known any more.
unresolved() { jq -c '.ets_j = {value: null, lo: null, hi: null, method: "unresolved", reason: "interval"}'; }

@test "sweep: a run without resolved energy is left out, counted and told; a setting without any is named" {
    for f in 400 800 1200; do
        for rep in 1 2 3; do
            run_json "r$f-$rep" "{\"freq_mhz\": $f}" "1.0$rep" "1$rep" |
                if [ "$f$rep" = 8002 ] || [ "$f" = 1200 ]; then unresolved; else cat; fi
        done
    done | document >runs.json
    erg-analyze sweep runs.json >sweep.txt 2>log
    grep -Eq '^freq_mhz=400 +3 ' sweep.txt
    grep -Eq '^freq_mhz=800 +2 of 3 ' sweep.txt
    grep -q 'no point at freq_mhz=1200: none of its runs (3) has a resolved energy' sweep.txt
    grep -q '^warning: r800-2: its energy is unresolved (interval): left out$' log
    grep -q '^warning: workload=net, freq_mhz=1200: none of its 3 runs has a resolved energy$' log
    erg-analyze sweep runs.json --format json >sweep.json 2>/dev/null
    # The mean of 11 and 13 J is left of the runs at 800 MHz.
    jq -e '.groups[0].points[] | select(.factors.freq_mhz == 800) |
        .ets_j.value == 12 and .repetitions == 2 and .left_out == 1' sweep.json
    jq -e '.groups[0].unresolved == [{factors: {freq_mhz: 1200}, left_out: 3}]' sweep.json
    jq '.runs |= map(.ets_j.value = null)' runs.json >none.json
    run -1 erg-analyze sweep none.json
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"that of all 9 runs"* ]]
}

@test "corun: a run without resolved energy is left out of its pair" {
    for rep in 1 2 3; do
        run_json "alone$rep" '{"corun": "none"}' 1 10
        run_json "mem$rep" '{"corun": "memory"}' "1.$rep" 15 | if [ $rep = 2 ]; then unresolved; else cat; fi
    done | document >runs.json
    erg-analyze corun runs.json --format json >corun.json 2>log
    jq -e '.matrix[0] | .runs == 2 and .left_out == 1 and .alone_runs == 3 and .alone_left_out == 0' corun.json
    jq -e '.matrix[0].slowdown.value - 1.2 | fabs < 1e-9' corun.json
    grep -q '^warning: mem2: its energy is unresolved' log
    erg-analyze corun runs.json 2>/dev/null | grep -Eq '^net +memory +2 of 3 '
}

@test "sweep: a saving whose interval has no bound says so" {
    # Two runs of 4 and 16 J: Student's interval of their mean, 12.7 x 6 J, has 0 in it.
    for e in 4 16; do run_json "hi$e" '{"f": 2}' 1 "$e"; run_json "lo$e" '{"f": 1}' 2 "5.$e"; done |
        document >runs.json
    erg-analyze sweep runs.json --format json >sweep.json 2>/dev/null
    jq -e '.groups[0].savings.ets | .method == "unbounded" and .lo == null and .value > 0.4' sweep.json
    erg-analyze sweep runs.json 2>/dev/null | grep -q 'ETS saves 47.2 % (interval unbounded)'
}

@test "compare: significance is corrected for the number of layers" {
    run_json a '{"sink": "on"}' 1 10 | document >a.json
    run_json b '{"sink": "off"}' 1 12 | document >b.json
    erg-analyze compare a.json b.json --format json >c.json 2>/dev/null
    jq -e '.same_sensor and .total.ets_j.difference.value - 2 < 1e-9' c.json
    jq -e '.layers[] | select(.name == "conv1") | .energy_j.significant' c.json
    [ "$(jq -r '.settings[0].name' c.json)" = factors.sink ]
    erg-analyze compare a.json a.json --format json | jq -e '[.layers[].energy_j.significant] | any | not'
}

@test "compare: of the same layers only, with what does not cancel, and lengths that differ are said" {
    run_json a '{}' 1 10 | document >a.json
    # A sensor's systematic error grew with the energy: 0.5 % of 10 J and of 12 J.
    run_json b '{}' 1 12 | document >b.json
    erg-analyze compare a.json b.json --format json >c.json
    jq -e '.total.ets_j.difference | (.syst - 0.01 | fabs) < 1e-9 and
        ((.hi - .value - .stat - .syst) | fabs) < 1e-6' c.json
    # The offset alone changed it: not significant.
    jq '.runs[0].ets_j |= {value: 10.2, lo: 9.8, hi: 10.6, stat: 0.05, syst: 0.35, method}' a.json >b.json
    erg-analyze compare a.json b.json --format json | jq -e '.total.ets_j | .significant == false and .difference.lo < 0'
    jq '.runs[0].host = "other" | .runs[0].iterations = 20' a.json >b.json
    jq '.runs[0].host = "board1" | .runs[0].iterations = 10' a.json >a1.json
    erg-analyze compare a1.json b.json --format json >c.json 2>log
    jq -e '(.same_sensor | not) and (.settings | map(.name) == ["host"])' c.json
    grep -q "A has 10 iterations and B 20 iterations" log
    jq '.runs[0].layers |= [(.[0] | .merged_with = ["pool1"])]' a.json >b.json
    erg-analyze compare a.json b.json --format json >c.json 2>log
    jq -e '.layers == [] and .only_a == ["pool1"]' c.json
    grep -q "1 layers are merged with others in one run and not in the other" log
    erg-analyze compare b.json b.json | grep -q "conv1 + pool1"
}

# Totals of repeated runs, as results in a folder: one an argument.
runs_of() {
    local folder=$1 e
    mkdir -p "$folder"
    shift
    for e in "$@"; do run_json r '{}' 1 "$e" | jq '.ets_j.stat = 0 | .ets_j.syst = 0' | document >"$folder/$e.json"; done
}

@test "compare: a gate over repeated runs, by its verdict and exit status" {
    runs_of base 100 101 99.5 100.5 99
    runs_of more 103 104.5 103.5 104
    runs_of same 100.2 99.6 100.9 99.9 100.4
    jq -s '.[0].runs = [.[].runs[]] | .[0]' base/*.json >base.json
    run --separate-stderr erg-analyze compare base.json more/*.json --fail-above 2
    [ "$status" -eq 4 ]
    # by python3's statistics and another program's Student tail: tests/unit/test_gate.c
    [[ "$output" == *"ETS more by 2 %: +3.75 % (90 % interval +2.83 to +4.68 %), 5 and 4 runs"* ]]
    run --separate-stderr erg-analyze compare base.json more/*.json --fail-above 5
    [ "$status" -eq 0 ]
    [[ "$output" == *"ETS not more by 5 %: "* ]]
    run --separate-stderr erg-analyze compare base.json same/*.json --equivalent 2
    [ "$status" -eq 0 ]
    [[ "$output" == *"ETS equivalent within 2 %: "* ]]
    run --separate-stderr erg-analyze compare base.json same/*.json --equivalent 1
    [ "$status" -eq 5 ]
    [[ "$output" == *"ETS cannot tell: "*"; about "*" a side would tell"* ]]
    # a run that says nothing is left out, and that is said
    jq '.runs[0].ets_j = {value: null, lo: null, hi: null, method: "unresolved", reason: "unobserved"}' more/103.json >none.json
    run --separate-stderr erg-analyze compare base.json more/*.json none.json --fail-above 2
    [ "$status" -eq 4 ]
    [[ "$output" == *"interval +2.83 to +4.68 %), 5 and 4 of 5 runs"* ]]
    # without a gate nothing fails
    erg-analyze compare base.json more/*.json >/dev/null 2>&1
    run erg-analyze compare base.json
    [ "$status" -eq 2 ]
}

@test "compare: by layer, corrected; JUnit that a parser reads, and Markdown" {
    skip_unless python3
    run_json a '{}' 1 10 | document >a.json
    run_json b '{}' 1 12 | jq '.layers[0].name = "a<b|c"' | document >b.json
    jq '.runs[0].layers[0].name = "a<b|c"' a.json >a1.json
    run --separate-stderr erg-analyze compare a1.json b.json --fail-above 1 --by layer --format junit
    [ "$status" -eq 4 ]
    python3 -c '
import sys, xml.etree.ElementTree as e
s = e.fromstring(sys.stdin.read().encode()).find("testsuite")
names = [c.get("name") for c in s.findall("testcase")]
assert names == ["ETS", "a<b|c", "pool1"], names
assert s.get("failures") == "3" and len(s.findall("testcase/failure")) == 3, s.attrib
assert "SIMULATED" in s.get("name")' <<<"$output"
    # a name may hold what XML may not, and no reader takes a file with one
    for j in a1 b; do jq '.runs[0].layers[0].name = "\u001b[31m\u0001\ufffe\uffffé<\ud83d\ude00"' $j.json >odd-$j.json; done
    erg-analyze compare odd-a1.json odd-b.json --by layer --format junit 2>/dev/null >odd.xml
    python3 -c '
import xml.etree.ElementTree as e
names = [c.get("name") for c in e.parse("odd.xml").getroot().findall("testsuite/testcase")]
assert names[1] == "?[31m???\u00e9<\U0001f600", names'
    run --separate-stderr erg-analyze compare a1.json b.json --by layer --format markdown
    [ "$status" -eq 0 ]
    [[ "$output" == "### Energy: more (SIMULATED power)"* ]]
    [[ "$output" == *'| a\<b\|c | 8.000 '* ]]
    # CSV: the same rows and verdicts, by another reader than ours; without --by layer the run's verdict alone
    run --separate-stderr erg-analyze compare a1.json b.json --fail-above 1 --by layer --format csv
    [ "$status" -eq 4 ]
    rows() {
        python3 -c '
import csv, sys
print(*[":".join((r["row"], r["layer"], r["a_energy_j"], r["b_energy_j"], r["verdict"])) for r in csv.DictReader(sys.stdin)])'
    }
    [ "$(rows <<<"$output")" = "layer:a<b|c:8:9.6:more layer:pool1:2:2.4:more run::10:12:more" ]
    [ "$(erg-analyze compare a1.json b.json --format csv 2>/dev/null | rows)" = \
        "layer:a<b|c:8:9.6: layer:pool1:2:2.4: run::10:12:more" ]
    # a layer that is not resolved cannot be told, and that is not a pass
    jq '.runs[0].layers[1].energy_j = {value: null, lo: null, hi: null, method: "unresolved", reason: "windows"}' a1.json >c.json
    run --separate-stderr erg-analyze compare a1.json c.json --equivalent 5 --by layer
    [ "$status" -eq 5 ]
    [[ "$output" == *"pool1 cannot tell: not resolved on both sides"* ]]
}

@test "compare: what one side alone has is said, repetitions that are none, and results that are no archives" {
    skip_unless python3
    run_json a '{"f": 1}' 1 10 | document >a.json
    jq '.runs[0].layers += [(.runs[0].layers[1] | .name = "added" | .network = "net" | .module = "m1")]
        | del(.runs[0].layers[0])' a.json >b.json
    run --separate-stderr erg-analyze compare a.json b.json --fail-above 50 --by layer
    [[ "$output" == *$'\n'"added only in NEW ("*" J): no verdict of its own, it counts in ETS"* ]]
    [[ "$output" == *$'\n'"conv1 only in BASE ("* ]]
    erg-analyze compare a.json b.json --by layer --format markdown 2>/dev/null | grep -q '^- added: only in NEW '
    erg-analyze compare a.json b.json --by layer --format json 2>/dev/null |
        jq -e '.gate | [.layers[].name] == ["pool1"] and .only_new[0].name == "added" and .only_base[0].name == "conv1"'
    erg-analyze compare a.json b.json --by layer --format junit 2>/dev/null >j.xml
    python3 -c '
import xml.etree.ElementTree as e
s = e.parse("j.xml").getroot().find("testsuite")
cases = {c.get("name"): c for c in s.findall("testcase")}
assert cases["added"].get("classname") == "ergtrace.energy.net.m1", cases["added"].attrib
assert cases["added"].find("skipped") is not None
assert int(s.get("tests")) == len(cases) == 4, (s.attrib, list(cases))
assert int(s.get("skipped")) == len(s.findall("testcase/skipped"))'
    # all runs of a side are asked, not the first
    jq '.runs[0].iterations = 10' a.json >r1.json
    jq '.runs[0].iterations = 12 | .runs[0].factors.f = 2' a.json >r2.json
    erg-analyze compare r1.json r1.json r2.json >/dev/null 2>log
    grep -q 'A has 10 iterations and B 10 to 12 iterations' log
    grep -q 'the runs of B differ in the factor f: .* no repetitions of each other' log
    for verb in layers info totals; do
        run -1 erg-analyze $verb a.json
        [[ "$output" == *"a.json: a JSON document, not an archive; results of erg-analyze are read by"* ]]
    done
}

@test "tables: bad cells are named by line and column, unknown columns by name" {
    printf 'net,f,time_s,power_w\na,1,2,3\na,2,x,4\n' >t.csv
    run erg-analyze sweep --table t.csv
    [ "$status" -eq 1 ]
    [[ "$output" == *"t.csv"*"3"*"time_s"* ]]
    run erg-analyze sweep --table t.csv --factor voltage
    [ "$status" -eq 1 ]
    [[ "$output" == *"voltage"* ]]
}

@test "a directory without archives, a document without runs, and no such file are refused" {
    mkdir empty
    run erg-analyze sweep empty
    [ "$status" -eq 1 ]
    [[ "$output" == *"empty"*"no archive"* ]]
    echo '{"schema": "ergtrace/1"}' >x.json
    run erg-analyze corun x.json
    [ "$status" -eq 1 ]
    [[ "$output" == *"x.json"* ]]
    run erg-analyze compare x.json nowhere.erg
    [ "$status" -eq 1 ]
}

@test "a sweep of 100,000 rows has every point and every group" {
    awk 'BEGIN { print "net,f,rep,time_s,energy_j"
        for (i = 0; i < 100000; i++)
            printf "n%d,%d,%d,%.3f,%.3f\n", i % 50, int(i / 50) % 200, int(i / 10000), 1 + i % 7 / 10, 5 + i % 11 }' >t.csv
    erg-analyze sweep --table t.csv --group net --factor f --format json >s.json 2>/dev/null
    jq -e '(.groups | length) == 50 and ([.groups[].points | length] | all(. == 200))' s.json
    jq -e '[.groups[].points[].repetitions] | add == 100000' s.json
}

@test "thermal: on-runs without off-runs say what is missing" {
    awk 'BEGIN { print "time_s,VDD_IN [W],soc [degC]"
        for (i = 0; i <= 6000; i++) { t = i / 200
            printf "%.3f,%.4f,%.2f\n", t, (t > 5 && t < 25 ? 8 : 3) + (i % 5) / 100, 40 + (t > 5 ? t - 5 : 0) / 2 } }' >s.csv
    erg-record import --samples s.csv --tag heatsink=on -o on.erg 2>/dev/null
    erg-analyze thermal on.erg --format json >t.json 2>log
    grep -q "needs both" log
    jq -e '.pairs == [] and (.leakage.instrument.method == "unresolved")' t.json
    run erg-analyze thermal on.erg --strict
    [ "$status" -eq 3 ]
    # a figure of one run has no interval, and does not stand there as if it needed none
    jq -e '.leakage.regression | .value != null and .lo == null' t.json
    grep -Eq '^ +by regression .*W/K   \(too few runs for an interval\)$' <<<"$output"
}

@test "thermal: runs by different temperatures or rails, and a run that is there twice, are told" {
    heat() { # NAME HEATSINK SOC_K GPU_K A_W B_W: how far two temperatures rise, and two powers
        awk -v s="$3" -v g="$4" -v a="$5" -v b="$6" 'BEGIN { print "time_s,A [W],B [W],soc [degC],gpu [degC]"
            for (i = 0; i <= 2000; i++) { t = i / 100
                printf "%.2f,%.3f,%.3f,%.2f,%.2f\n", t, a + i % 5 / 100, b + i % 7 / 100, 40 + s * t / 20, 40 + g * t / 20 } }' >s.csv
        erg-record import --samples s.csv --tag heatsink="$2" -o "$1" 2>/dev/null
    }
    codes() { erg-analyze thermal "$@" --format json 2>/dev/null | jq -r '[.warnings[].code] | " " + join(" ") + " "'; }
    heat on.erg on 10 5 8 3
    heat off.erg off 20 30 3 9
    [[ "$(codes on.erg off.erg)" == *" rails zones "* ]]
    run --separate-stderr erg-analyze thermal on.erg off.erg
    [[ $stderr == *"runs of different rails are compared: on.erg by A, and off.erg by B: expected the same of each (--rail)"* ]]
    [[ $stderr == *"runs of different zones are compared: on.erg by soc, and off.erg by gpu: expected the same of each (--zone)"* ]]
    [[ "$(codes on.erg off.erg --rail A --zone soc)" != *" rails "* ]]
    [[ "$(codes on.erg off.erg --rail A --zone soc)" != *" zones "* ]]
    [[ "$(codes on.erg off.erg --rail A --zone soc)" != *" copy "* ]]
    # by what slope the energy of a pair was split is a column, as it is a key
    erg-analyze thermal on.erg off.erg --rail A --zone soc --format csv 2>/dev/null | head -1 | grep -q ',split_by_all,'
    cp off.erg again.erg
    [[ "$(codes on.erg off.erg again.erg --rail A --zone soc)" == *" copy "* ]]
}

@test "totals and sweep read archives on all processors: the same bytes for any number of jobs" {
    skip_unless jq
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" a.erg
    cp a.erg b.erg
    cp a.erg c.erg
    for verb in totals sweep; do
        for jobs in 1 2 3; do
            erg-analyze $verb --jobs $jobs --format json a.erg b.erg c.erg >$jobs.json 2>$jobs.err
        done
        cmp 1.json 2.json
        cmp 1.json 3.json
        cmp 1.err 2.err
        cmp 1.err 3.err
    done
    [ "$(jq -r '.warnings[] | select(.code == "simulated").text' 3.json | cut -d: -f1 | tr '\n' ' ')" = "a.erg b.erg c.erg " ]
    for jobs in 1 3; do
        run -1 erg-analyze totals --jobs $jobs a.erg none.erg also-none.erg
        [ "$output" = "erg-analyze totals: none.erg: No such file or directory" ]
    done
}

@test "runs that differ by tags alone are not taken for repetitions without a word" {
    skip_unless erg-record erg-analyze jq
    for batch in 1 2; do
        for r in 1 2; do
            awk -v w=$((3 * batch)) -v r=$r 'BEGIN { print "time_s,VDD [W]"; for (i = 0; i < 500; i++) printf "%.3f,%.3f\n", i / 100, w + r / 100 }' >s.csv
            erg-record import --samples s.csv --tag batch=$batch --tag repetition=$r -o b$batch-r$r.erg
        done
    done
    erg-analyze sweep b*.erg 2>err >table
    grep 'taken for repetitions and differ by the tag batch: --factor batch' err
    erg-analyze sweep --factor batch --format json b*.erg 2>err >two.json
    jq -e '[.groups[].points[]] | length == 2' two.json
    ! grep 'taken for repetitions' err || return 1
    erg-analyze sweep b1-*.erg 2>err >/dev/null
    ! grep 'taken for repetitions' err || return 1
}
