#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# erg-analyze study: what a plan's analysis: asks for, from the folder of a sweep.
load helpers
load imported

# index ANALYSIS: as erg-record sweep writes it.
index() {
    jq -n --argjson a "$1" '{format: "erg-sweep", version: 1, plan: "two clocks", seed: 1, runs: [], analysis: $a}' \
        >runs/index.json
}

test_setup() {
    skip_without page
    mkdir runs
    for rep in 1 2; do
        archive runs/slow,r$rep.erg 1 "1.$rep"
        archive runs/fast,r$rep.erg 2 "3.$rep"
    done
}

@test "study: each analysis with its options, tables beside the page, nothing analysed twice" {
    index '{"sweep": {"factor": ["clock"], "slack": "50"}, "model": {"predictors": ["calls"], "group": ["clock"]}}'
    run -0 erg-analyze study runs -o page.html
    [ "${lines[-1]}" = "4 runs, 2 analyses: page.html" ]
    [ "$(ls page-* -d | tr '\n' ' ')" = \
        "page-layers page-model.csv page-model.json page-sweep.csv page-sweep.json " ]
    # The same as by hand.
    erg-analyze sweep runs --factor clock --slack 50 --format csv 2>/dev/null | diff - page-sweep.csv
    jq -e '.groups[0].slack.slack == 0.5 and .groups[0].best.ets.clock == 1' page-sweep.json
    jq -e '[.cv.folds[].group] | sort == ["1", "2"]' page-model.json
    grep -q '<title>' page.html
    grep -q 'two clocks' page.html
    stat -c '%n %i' page-layers/* >before
    run -0 erg-analyze study runs -o page.html
    stat -c '%n %i' page-layers/* | diff before -
}

@test "study: an archive and an analysis that fail are told, and the rest is done" {
    index '{"corun": {}, "sweep": {"factor": "clock"}}'
    echo rubbish >runs/broken.erg
    run -1 erg-analyze study runs -o page.html
    [[ $output == *"left out: runs/broken.erg: "* ]]
    [[ $output != *"broken.erg: runs/broken.erg"* ]]
    [[ $output == *"failed: corun: no run has a factor or tag corun"* ]]
    [ "${lines[-1]}" = "4 runs, 1 analysis: page.html" ]
    [ -s page-sweep.csv ]
    [ ! -e page-corun.csv ]
    run -2 erg-analyze study runs
    echo '{}' >runs/index.json
    run -1 erg-analyze study runs -o p.html
    [[ $output == *"runs/index.json: expected the index of erg-record sweep"* ]]
    [ ! -e p.html ]
}

@test "study: a page whose name begins as an option does" {
    index '{"sweep": {"factor": "clock"}}'
    run -0 erg-analyze study runs -o -p.html
    [ "${lines[-1]}" = "4 runs, 1 analysis: -p.html" ]
    [ -s ./-p.html ]
    [ -s ./-p-sweep.csv ]
    run -2 erg-analyze study runs -o ''
}

@test "study: an analysis for each value of a tag has the runs of that value, and says it" {
    skip_unless jq
    rm runs/fast*
    archive runs/u.erg 'a/b' 2
    archive runs/v.erg 'a_b' 3
    index '{"sweep": {"factor": "workload", "each": "clock"}}'
    run -1 erg-analyze study runs -o page.html
    [[ $output == *"failed: sweep: each: clock 'a_b': another value has the files a_b"* ]]
    [ "$(echo page-sweep*.json)" = "page-sweep-1.json page-sweep-a_b.json" ]
    jq -e '.of == {clock: "1"} and [.groups[].points[].repetitions] == [2]' page-sweep-1.json
    jq -e '.of == {clock: "a/b"} and [.groups[].points[].repetitions] == [1]' page-sweep-a_b.json
    index '{"sweep": {"factor": "workload", "each": "flock"}}'
    run -1 erg-analyze study runs -o none.html
    [[ $output == *"failed: sweep: each: no run has a factor or tag flock"* ]]
}

@test "report, layers, sweep: a folder stands for its archives" {
    erg-analyze report runs -o folder.html 2>/dev/null
    erg-analyze report runs/*.erg -o files.html 2>/dev/null
    cmp folder.html files.html
    erg-analyze layers runs --format csv 2>/dev/null >folder.csv
    erg-analyze layers runs/*.erg --format csv 2>/dev/null | diff folder.csv -
    mkdir empty
    run -1 erg-analyze layers empty
    [[ $output == *"empty: no archive (*.erg)"* ]]
}

@test "report: curves are those of their own archive, where several have its name" {
    skip_unless jq
    mkdir one two
    cp runs/slow,r1.erg one/run.erg
    cp runs/fast,r1.erg two/run.erg
    for d in one two; do erg-analyze layers $d/run.erg --format json >$d.json 2>/dev/null; done
    erg-analyze report one.json two.json --curves two/run.erg -o page.html 2>/dev/null
    sed -n 's/.*id="data">\(.*\)<\/script>.*/\1/p' page.html | jq -e '[.runs[] | has("series")] == [false, true]'
    mv two/run.erg run.erg
    erg-analyze report two.json --curves run.erg -o moved.html 2>/dev/null
    run -1 erg-analyze report one.json two.json --curves run.erg -o which.html
    [[ $output == *"--curves run.erg: expected the archive of one run among the results"* ]]
    [ ! -e which.html ]
}

@test "report: roofs that are given are in the page, and others are refused" {
    skip_unless jq
    erg-analyze report runs/slow,r1.erg --roofs ops_per_s=2e9,op_j=1e-10 -o page.html 2>/dev/null
    sed -n 's/.*id="data">\(.*\)<\/script>.*/\1/p' page.html | jq -e '.roofs == {ops_per_s: 2e9, op_j: 1e-10}'
    for list in flops=1 ops_per_s ops_per_s=0 ops_per_s=1,; do
        run -2 erg-analyze report runs --roofs $list -o none.html
        [[ $output == *"--roofs '$list': expected ops_per_s=, bytes_per_s=, op_j= or byte_j="* ]]
    done
    [ ! -e none.html ]
}

# net NAME WATTS: two layers of different work, imported, and the document of all its tables.
net() {
    awk -v w="$2" 'BEGIN { print "time_s,VDD_IN [W]"
        for (i = 0; i < 1200; i++) printf "%.3f,%.3f\n", i / 1000, w + (int(i / 15) % 4) / 3 + i % 7 / 100 }' >s.csv
    awk -v n="$1" 'BEGIN { print "begin_s,end_s,layer,type,network,module,macs,phase"
        for (i = 0; i < 80; i++) printf "%.3f,%.3f,l%d,%s,%s,m%d,%d,%s\n", i * 0.015, (i + 1) * 0.015, i % 4,
            i % 2 ? "pool" : "conv", n, i % 2, (1 + i % 4 + (n == "vgg") / 2) * 1000000, i < 20 ? "setup" : "inference" }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor kind=point --sensor lag_s=0 -o "$1.erg" 2>/dev/null
    erg-analyze layers --tables --format json "$1.erg" 2>/dev/null |
        jq '.runs[0].layers[] |= (.bytes_in = .macs / 8 + 100000 | .work = {ops: 1e9, bytes: 1e8, ops_per_s: (.macs * 100),
            bytes_per_s: 1e8, ops_per_byte: (.macs / 1e6), per_op_j: {value: 1e-9, lo: 9e-10, hi: 1.1e-9, method: "nnls"}})' >"$1.json"
}

# variant NET OUT JQ-UPDATE: the document of another run of it, and a copy of its archive for the curves.
variant() {
    cp "$1.erg" "$2.erg"
    jq --arg n "$2" ".runs[0] |= (.archive = (\$n + \".erg\") | .workload = \"$1\" | .tags = {workload: \"$1\"} | $3)" "$1.json" >"$2.json"
}

@test "study pages: the figures of the four studies are drawn, at any width and on paper" {
    skip_unless chromium chromedriver jq
    local w f r c at curves=() swept=() corun=()
    for w in alexnet vgg; do
        net $w $([ $w = vgg ] && echo 4 || echo 2)
        for f in 600000 900000 1700000; do
            for r in 1 2; do
                at="$w,cpufreq.frequency_khz=$f,devfreq.gpu.frequency_hz=998400000,powercap.limit_w=30,r$r" # wider than a phone
                variant $w "$at" ".factors = {\"cpufreq.frequency_khz\": $f} | .tags += {accuracy: \"0.${#w}\", repetition: \"$r\"} |
                    .time_s = 1 + $r / 1000 + (if \"$w\" == \"vgg\" then 1e6 else 1e4 end) / $f | .ets_j.value = .time_s * (2 + $f / 1e6)"
                swept+=("$at.json")
                [ $r = 2 ] || curves+=(--curves "$at.erg")
            done
        done
    done
    for c in none memory; do
        for f in 460800000 998400000; do
            for r in 1 2; do
                variant alexnet corun-$c-$f-$r ".factors = {corun: \"$c\", \"devfreq.gpu.frequency_hz\": $f} | .ets_j.value += $r / 100 |
                    .programs = [{name: \"alexnet\", recorded: true, span_s: 1, ipc: 1.2, utilization: 0.9, per_s: {instructions: 1e9}},
                        {name: \"memory\", recorded: false, span_s: 1, ipc: 0.3, utilization: 2, per_s: {instructions: 4e8}}][:(if \"$c\" == \"none\" then 1 else 2 end)]"
                corun+=(corun-$c-$f-$r.json)
                [ $c = none ] || continue
                variant alexnet self-$f-$r ".workload = \"memory\" | .factors = {corun: \"none\", \"devfreq.gpu.frequency_hz\": $f} |
                    .tags = {workload: \"memory\"} | .programs = [{name: \"memory\", recorded: true, span_s: 1, per_s: {instructions: (5e8 + $r * 1e6)}}]"
                corun+=(self-$f-$r.json)
            done
        done
    done
    variant vgg roofs '.tags = {workload: "roofs"} | .workload = "roofs" | .factors = {} | .layers[].type = "roof"'
    erg-analyze sweep "${swept[@]}" --format json >sweep.json 2>/dev/null
    erg-analyze corun "${corun[@]}" --budget-w 9 --format json >corun.json 2>/dev/null
    jq -e '[.matrix[].partners[] | select(.measured_by == "instructions" and .slowdown.value > 1.2)] | length == 2' corun.json
    jq -e '.choices | length > 0' corun.json
    # (501 + 502) / 2 million instructions a second alone, 400 together
    erg-analyze corun "${corun[@]}" --format csv 2>/dev/null | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { s = $(at["partner_slowdown"]); print $(at["workload_ipc"]), $(at["partner_ipc"]), $(at["partner_utilization"]), $(at["partner_slowdown_by"]),
            (s > 1.25 && s < 1.26 && $(at["partner_slowdown_lo"]) < s && s < $(at["partner_slowdown_hi"])) }' | sort -u >programs
    [ "$(cat programs)" = "1.2 0.3 2 instructions 1" ]
    erg-analyze corun "${corun[@]}" >corun.txt 2>/dev/null
    grep -Eq '^  memory +2\.000 CPUs busy, 0\.3000 instructions a cycle$' corun.txt
    grep -Eq '^  memory +takes 1\.25.* times as long as alone \(by its instructions\)$' corun.txt
    ! grep -q 'stays within' corun.txt || return 1
    erg-analyze corun "${corun[@]}" --budget-w 9 >corun9.txt 2>/dev/null
    # as many as the document chooses, with their times
    jq -r '.choices[] | "  \(.workload) \(if .partner == "none" then "alone" else "beside \(.partner)" end): "' corun.json >chosen
    grep -A9 'stays within 9.000 W:' corun9.txt
    [ "$(grep -cFf chosen corun9.txt)" -eq "$(wc -l <chosen)" ]
    erg-analyze corun "${corun[@]}" --budget-w 0.01 2>/dev/null | grep 'stays within 10.00 mW: none'
    for w in 1 2; do
        erg-analyze model fit --points alexnet.json vgg.json --predictors macs --chain macs:bytes_in:energy_j --degree 1,2 --format json --save m.json \
            2>/dev/null | jq ".of = {library: \"lib$w\"}" >model$w.json
    done
    erg-analyze model predict --model m.json --network squeezenet1.1 --format json >predict.json 2>err || { cat err; false; }
    erg-analyze report "${swept[@]}" roofs.json sweep.json corun.json model1.json model2.json predict.json "${curves[@]}" -o page.html 2>err || { cat err; false; }
    run "$ERG_SRC/tests/page/drive.py" page.html
    echo "$output"
    [ "$status" -eq 0 ]
    for f in 'energy against time of each workload' 'energy saved by the best setting' 'time lost at the best setting' \
        'time that no clock shortens' 'power over time under each setting: vgg under each CPU clock' 'alexnet, GPU clock 460.8 MHz: system power' \
        'latency' 'slowdown of the partners' 'error of each model' 'each layer, measured against predicted' 'MACs against energy_j' \
        'predicted energy of the layers of squeezenet1.1' 'roofline' 'energy roofline'; do
        grep -q "^# charts: .*$f" <<<"$output" || { echo "no chart: $f"; false; }
    done
}
