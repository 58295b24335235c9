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
named='^(examples/quickstart|examples/shell|tests/run|erg-record (sources|calibrate .*|--idle .*|run .*|top|sweep .*)|erg-analyze totals --per token .*|erg-analyze model fit .*|cc .*|meson .*|ninja .*)$'

@test "README.md: its commands do what it says" {
    skip_without page
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
    erg-analyze compare base/ new/ | grep -qx 'A base/a.erg'
    [ -s report.html ]
    [ -s study.html ]
    [ -s runs.db ]
    "$commands" --print "$ERG_SRC/README.md" 2>/dev/null | grep -cE "$named" >count
    [ "$(cat count)" -le 15 ]
}

@test "no option of the account is taken where nothing is accounted: results, tables, what was read" {
    skip_unless babeltrace2 jq
    run_of a.erg freq=1
    run_of bb.erg freq=2
    for f in a bb; do erg-analyze layers --format json $f.erg >$f.json 2>/dev/null; done
    printf 'freq,time_s,energy_j\n1,2,3\n2,1,4\n' >t.csv
    local verb option
    for option in "--rail VDD_GPU" "--sensor kind=point" "--lag 0.1" "--ci-limit 3" "--cond-limit 9" "--rounds 9" "--seed 3"; do
        for verb in "sweep a.json bb.json" "sweep --table t.csv" "corun a.json bb.json" "compare a.json bb.json" \
            "model fit a.json bb.json" "model fit --table t.csv --response energy_j --predictors time_s" \
            "report -o r.html a.json" "export --to sqlite -o x.db a.json"; do
            # shellcheck disable=SC2086
            run -2 erg-analyze ${verb%% *} $option ${verb#* }
            [[ $output == *": ${option%% *}: expected an archive with it"* ]]
        done
        [ "${option%% *}" != --sensor ] || continue
        run -2 erg-analyze export --to perfetto $option -o x a.erg
        [[ $output == *": ${option%% *}: of no use with --to perfetto"* ]]
    done
    run -2 erg-analyze export --to csv --lag 0.1 -o x a.erg
    run -2 erg-analyze layers --tables a.erg
    run -2 erg-analyze model fit --lambda 3 --table t.csv --response energy_j --predictors time_s
    run -2 erg-analyze model predict --model M.json --degree 2 a.erg
    run -2 erg-analyze model predict --model M.json --networks . a.erg
    [ ! -e r.html ]
    [ ! -e x.db ]
    # one archive among results is enough
    erg-analyze compare --rail VDD_GPU a.json bb.erg
    erg-analyze sweep --rail VDD_GPU a.erg bb.erg
}

@test "what is to be written is looked at before the work; no recording is written over" {
    skip_without page
    skip_unless babeltrace2
    run_of a.erg
    cp a.erg b.erg
    erg-analyze layers --format json a.erg >a.json 2>/dev/null
    printf 'time_s,energy_j\n1,2\n2,4\n3,6\n4,8\n' >t.csv
    sha256sum a.erg b.erg a.json t.csv >sums
    local out
    for out in a.erg b.erg ./a.erg; do
        run -2 erg-analyze report a.erg -o $out
        run -2 erg-analyze export --to csv a.erg -o $out
        run -2 erg-analyze export --to sqlite a.erg -o $out
    done
    [[ $output == *"what is read"* ]]
    run -2 erg-analyze report a.json --curves a.erg -o a.json
    run -2 erg-analyze report a.json --curves a.erg -o a.erg
    run -2 erg-analyze model fit --table t.csv --response energy_j --predictors time_s --save t.csv
    run -2 erg-analyze study . -o b.erg
    mkdir results
    cp a.json results/a.layers.json # one of a folder
    run -2 erg-analyze export --to sqlite results -o results/a.layers.json
    run -2 erg-analyze report results -o results/a.layers.json
    cmp a.json results/a.layers.json
    ln a.json again.json # the same file by another name
    run -2 erg-analyze report a.json -o again.json
    sha256sum -c sums
    # before anything is read: the archive would be refused
    : >empty.erg
    mkdir folder
    for out in folder nowhere/x; do
        run -1 erg-analyze report empty.erg -o $out
        [[ $output == *"$out: "* && $output != *empty* ]]
        run -1 erg-analyze export --to perfetto empty.erg -o $out
        [[ $output == *"$out: "* && $output != *empty* ]]
        run -1 erg-analyze model fit empty.erg --save $out
        [[ $output == *"$out: "* && $output != *empty* ]]
        run -1 erg-analyze study folder -o $out
        [[ $output == *"$out: "* ]]
    done
    run -1 erg-analyze report empty.erg -o x.html
    [ ! -e x.html ]
    # the name that was given is in the message, not that of a file on the way
    for out in 'report a.json -o' 'export --to sqlite a.json -o'; do
        # shellcheck disable=SC2086
        run -1 bash -c 'ulimit -f 2; trap "" XFSZ; exec erg-analyze "$@"' - $out x.out
        [[ $output == *" x.out: "* ]]
        [ ! -e x.out ]
    done
    erg-analyze report a.json -o x.html 2>/dev/null
    erg-analyze report a.json -o x.html 2>/dev/null # a page is replaced
    run -1 erg-analyze model predict --model x.html a.erg
    [[ $output == *"x.html: no JSON"*"model fit --save"* ]]
}

@test "layers: a sensor's words are checked before anything is read; repeated, all hold" {
    skip_unless babeltrace2 jq
    local words
    : >empty.erg
    for words in foo kind=foo window_s=-1 'lag_s=1ms' wrap=5 'kind=point nokey=1'; do
        run -2 erg-analyze layers --sensor "$words" empty.erg
        [[ $output == *--sensor* && $output != *empty* ]]
    done
    run_of a.erg
    erg-analyze layers --rounds 50 --sensor 'kind=boxcar window_s=0.02 lag_s=0.004' --format json a.erg >one.json 2>/dev/null
    erg-analyze layers --rounds 50 --sensor kind=boxcar --sensor window_s=0.02 --sensor lag_s=0.004 --format json a.erg >two.json 2>/dev/null
    cmp one.json two.json
    jq -e '.runs[0] | .sensor.kind == "boxcar" and .model.declared.window_s == 0.02' one.json
    # imported as a point: it has no window, and none is said to have been declared or found
    erg-analyze layers --rounds 50 --format json a.erg 2>/dev/null |
        jq -e '.runs[0] | .sensor.window_s == 0 and .model.declared.window_s == 0 and .model.fitted.window_s.value == null'
}

@test "a value that is nothing, no number or out of bounds is wrong usage of every option" {
    skip_unless babeltrace2 jq
    : >empty.erg
    local program verb option lines words
    # every option with a value of every verb, from its help: an empty one is refused before anything is read
    for program in erg-record erg-analyze; do
        for verb in $("$program" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
            "$program" "$verb" --help | grep -oE '^  (-.,|   ) --[a-z-]+ [A-Z0-9a-z]' | grep -oE -- '--[a-z-]+' >options || continue
            while read -r option; do
                words=("$program" "$verb")
                [ "$verb" != model ] || words+=(fit)
                run "${words[@]}" "$option=" empty.erg
                if [ "$status" -ne 2 ] || [[ $output != *"$option"*expected* ]]; then
                    echo "$program $verb $option '': $status $output"
                    return 1
                fi
                echo "$program $verb $option"
            done <options
        done
    done >seen
    [ "$(wc -l <seen)" -ge 150 ]
    for words in '--lag 0+-inf' '--lag nan' '--lag 1e7' '--lag 0+-1e7' '--lag 0+-' '--lag 0x1' '--ci-limit 0x1' '--ci-limit 1e400'; do
        # shellcheck disable=SC2086
        run -2 erg-analyze layers $words empty.erg
        [[ $output != *empty.erg* ]]
    done
    run -2 erg-analyze batch -o r --shard 1/99999999999999999999 empty.erg
    run -2 erg-record sweep p.yaml -o r --shard 1/99999999999999999999
    run -2 erg-record run --cpu 1.5 -- true
    run -2 erg-record calibrate --threads 1.5
}

@test "options that would do nothing are refused: a format of documents, an uncertainty that weighs nothing" {
    skip_unless babeltrace2
    run_of a.erg
    run -2 erg-analyze batch -o r a.erg -- layers --format csv
    [[ $output == *"--format: expected no --format: the documents are JSON"* ]]
    [ ! -e r ]
    printf 'time_s,energy_j,u\n1,2,1\n2,4,1\n3,6,1\n4,8.1,1\n' >t.csv
    run -2 erg-analyze model fit --table t.csv --response energy_j --predictors time_s --uncertainty u
    [[ $output == *"--uncertainty: expected --weights uncertainty"* ]]
    erg-analyze model fit --table t.csv --response energy_j --predictors time_s --uncertainty u --weights uncertainty
}

@test "errors name what there is: zones, settings, columns, the archive" {
    skip_unless babeltrace2
    run_of on1.erg heatsink=on
    run_of off1.erg heatsink=off
    run -1 erg-analyze thermal --zone GPU on1.erg off1.erg
    [[ $output == "erg-analyze thermal: on1.erg: no temperature of 'GPU' was recorded; there are: CPU" ]]
    run -1 erg-analyze sweep --factor clock on1.erg off1.erg
    [[ $output == *"on1.erg: no factor or tag 'clock'; there are: heatsink"* ]]
    printf 'time_s,energy_j\n1,2\n' >t.csv
    run -1 erg-analyze sweep --table t.csv --factor f
    [[ $output == "erg-analyze sweep: t.csv: no column 'f'; there are: time_s, energy_j" ]]
    run -0 erg-analyze thermal --block 16 on1.erg off1.erg
    [[ $output == *"no block of the runs has a temperature"* && $output != *inf\ K* ]]
    head -c 3000 on1.erg >cut.erg
    run -1 erg-analyze export --to csv cut.erg -o x.csv
    [[ ${lines[-1]} == "erg-analyze export: cut.erg: no rail's power was recorded" ]]
    run -1 erg-analyze sweep cut.erg
    [[ ${lines[-1]} == "erg-analyze sweep: cut.erg: its energy is unresolved (no power was read): expected one that is not" ]]
    run -1 erg-analyze model fit cut.erg
    [[ ${lines[-1]} == "erg-analyze model: cut.erg: no layer with a resolved energy_j"* ]]
    run -1 erg-record import --onto cut.erg --samples t.csv -o x.erg
    [[ $output != *cut.erg*cut.erg* && $output == *"whole archive"* ]]
    run -1 erg-record collect --from t.csv -o x.erg
    [[ $output == *"t.csv: expected the output of lttng-relayd: Not a directory" ]]
}
