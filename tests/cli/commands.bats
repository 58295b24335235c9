#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# bats file_tags=offline
# What README.md, the examples' pages and the manual tell people to type.
load helpers

commands=$ERG_SRC/tests/cli/commands.py

@test "every command of README.md, the examples and the manual is bash, with verbs and options that exist" {
    run -0 "$commands" "$ERG_SRC"/README.md "$ERG_SRC"/examples/*/README.md "$ERG_SRC"/man/*.[1-8]
    [[ $output =~ ^([0-9]+)\ commands,\ 0\ wrong$ ]]
    [ "${BASH_REMATCH[1]}" -ge 120 ]
    printf '%s\n' '' '    erg-analyze layers --color red a.erg' '    erg-record recrod' "    erg-analyze info 'a.erg" '' >bad.md
    run -1 "$commands" bad.md
    [[ $output == *"no option --color"* && $output == *"no verb 'recrod'"* && $output == *"no line of bash"* ]]
}

# run_of FILE TAG…: a run of 20 s of one network, of which 3 layers take 2, 4 and 6 W, on two rails.
run_of() {
    local file=$1 tags=()
    shift
    for t; do tags+=(--tag "$t"); done
    [ -s layers.csv ] || awk 'BEGIN { print "begin_s,end_s,layer,type,network,macs,phase"
        for (i = 0; i < 600; i++) printf "%.3f,%.3f,l%d,%s,net,%d,%s\n", 1 + i * 0.03, 1.03 + i * 0.03, i % 3, i % 3 == 1 ? "pool" : "conv",
            1e6 * (1 + i % 3), i < 60 ? "setup" : "inference" }' >layers.csv
    awk -v seed="${#file}" -v hot="$([[ $file == *off* ]] && echo 60 || echo 40)" 'BEGIN { srand(seed); print "time_s,VDD_IN [W],VDD_GPU [W],CPU [degC]"
        for (i = 0; i < 4000; i++) { p = i >= 200 && i < 3800 ? 2 + 2 * (int((i - 200) / 6) % 3) : 1
            printf "%.3f,%.3f,%.3f,%.1f\n", i / 200, p + hot / 100 + rand() / 10, p / 2, hot + i / 1000 + rand() } }' >meter.csv
    erg-record import --samples meter.csv --layers layers.csv --sensor kind=point --sensor lag_s=0 --force "${tags[@]}" -o "$file" 2>/dev/null
}

# Of README.md: what needs a device, a framework or the network is named; tutorial.bats, sweep.bats, calibrate.bats, top.bats
# and install.bats do these, llama.bats tokens, model.bats models. All else is run, in the order in which it stands there.
named='^(examples/quickstart|tests/run|erg-record (sources|calibrate .*|--idle .*|run .*|top|sweep .*)|erg-analyze totals --per token .*|erg-analyze model fit .*|cc .*|meson .*|ninja .*)$'

@test "README.md: its commands do what it says" {
    skip_unless babeltrace2 jq
    local heatsink f
    mkdir base new runs
    run_of base/a.erg
    cp base/a.erg new/b.erg
    for heatsink in on off; do
        for f in 1 2; do run_of "runs/$heatsink$f.erg" "heatsink=$heatsink" clock=$f workload=net "corun=$([ $f = 1 ] && echo none || echo memory)"; done
    done
    echo '{"format": "erg-sweep", "version": 1, "plan": "p", "seed": 1, "runs": [], "analysis": {"sweep": {"factor": "clock"}}}' >runs/index.json
    run_of run.erg
    "$commands" --print "$ERG_SRC/README.md" 2>/dev/null | grep -vE "$named" >lines
    [ "$(wc -l <lines)" -ge 16 ]
    grep '^tar ' lines >tar.sh
    bash -e -o pipefail tar.sh >out # as another user's: the recording that follows makes its own
    rm -r run run.erg
    while read -r line; do
        [[ $line != tar* ]] || continue
        bash -e -o pipefail -c "$line" >out 2>err </dev/null || { echo "$line: exit $?"; cat err; return 1; }
    done <lines
    [ -s report.html ]
    [ -s study.html ]
    [ -s runs.db ]
    "$commands" --print "$ERG_SRC/README.md" 2>/dev/null | grep -cE "$named" >count
    [ "$(cat count)" -le 15 ]
}
