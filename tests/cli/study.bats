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
