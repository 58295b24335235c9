#!/usr/bin/env bats
# Tables on a terminal: they fit its width, whatever the names, and names cannot play the terminal.
# bats file_tags=apart
load helpers

test_setup() {
    skip_unless script python3
    awk 'BEGIN { print "time_s,VDD_IN [W]"
        for (i = 0; i <= 4000; i++) printf "%.3f,%.3f\n", i / 1000, (int(i / 50) % 2 ? 8 : 3) + i % 7 / 100 }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,iteration"
        wide = "畳み込み層の非常に長い名前です第一段階の特徴抽出ブロック"
        hostile = "cafe\314\201\033[31m\302\233" "31m a rather long name of a layer/branch3x3/expand"
        for (i = 0; i < 80; i++)
            printf "%.3f,%.3f,%s,%s,%s,%d\n", i * 0.05, (i + 1) * 0.05, i % 2 ? wide : hostile, i % 2 ? "プール" : "conv", "ne\033[2Jt", i / 2 }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor "kind=point window_s=0 lag_s=0" -o w.erg
}

# drawn COLUMNS COMMAND: what a terminal of that width gets
drawn() {
    script -qec "stty cols $1; $2" tty.log >/dev/null </dev/null
    sed '1d;$d' tty.log | tr -d '\r'
}

# Widths of the lines on standard input, in cells.
widths() {
    python3 -c '
import re, sys, unicodedata
for line in sys.stdin.buffer.read().decode().splitlines():
    text = re.sub(r"\x1b\[[0-9;]*m", "", line)
    print(sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text))'
}

@test "a table fits a terminal of 60, 80 and 200 columns, and says what it leaves out" {
    unset NO_COLOR
    for columns in 60 80 200; do
        drawn $columns "erg-analyze layers w.erg 2>/dev/null" | sed -n '/layer .*time/,$p' >table
        [ "$(widths <table | sort -n | tail -1)" -le $columns ]
        grep -q 'energy' table
    done
    ! grep -q 'not shown' table || false
    [ "$(grep -c '█' table)" -eq 2 ]
    drawn 60 "erg-analyze layers w.erg 2>/dev/null" >narrow
    grep -q 'not shown for lack of width: type, calls' narrow
    grep -q ' direct' narrow # why and how stays
    grep -q '…' narrow
}

@test "what is no terminal gets every column, whole names and no colour" {
    erg-analyze layers w.erg 2>/dev/null >plain
    grep -q '畳み込み層の非常に長い名前です第一段階の特徴抽出ブロック .*direct' plain
    ! grep -q "$(printf '\033')" plain || false
    # columns stand below each other where characters are wide, or of no width
    sed -n '/^layer/,/^$/p' plain | python3 -c '
import sys, unicodedata
head, *rows = [l for l in sys.stdin.buffer.read().decode().splitlines() if l]
def cells(t): return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in t)
at = {cells(r[:r.index("direct")]) for r in rows}
assert at == {head.index("by ")}, (at, head.index("by "))'
}

@test "no line of any verb is wider than a terminal of 60 or 80 columns, and no number loses its unit" {
    for n in 1 2; do
        erg-record import --samples s.csv --layers l.csv --sensor "kind=point window_s=0 lag_s=0" --tag workload=net --tag clock_mhz=$n \
            --tag "note=what a person may write of a run, which is as long as it likes" -o a-rather-long-name-of-an-archive-$n.erg
    done
    two="a-rather-long-name-of-an-archive-1.erg a-rather-long-name-of-an-archive-2.erg"
    n=0
    for columns in 60 80; do
        for words in layers "layers --by type" "layers --by module" "layers --by phase" "layers --by block" "layers --by network" \
            "layers --sort power --top 1" "layers --per iteration" "layers --match conv*" totals "totals --per iteration" info compare \
            "compare --by layer" sweep verify; do
            files=$two
            [[ $words != info ]] || files=${two%% *}
            drawn $columns "NO_COLOR=1 ERG_PAGER= erg-analyze $words $files 2>/dev/null" >seen
            [ -s seen ]
            n=$((n + 1))
            [ "$(widths <seen | sort -n | tail -1)" -le $columns ] || { echo "$words at $columns:"; cat seen; return 1; }
            ! grep -qE '^ +(±|[mµ]?[sJW]([ ,;)]|$)|%|ppm)' seen || { echo "$words at $columns: a unit is alone"; cat seen; return 1; }
            ! grep -qE '±0\.0 |, $' seen || { echo "$words: ±0.0, or a list that ends with a comma"; cat seen; return 1; }
        done
    done
    [ "$n" -eq 32 ]
    drawn 80 "NO_COLOR=1 erg-analyze info ${two%% *} 2>/dev/null" >seen
    grep -A1 '^tags' seen | tail -1 | grep -q '^           [^ ]' # what is folded stands beneath what follows the label
}

@test "a name cannot play the terminal, with colour or without" {
    for no in '' 1; do
        drawn 100 "NO_COLOR=$no TERM=xterm erg-analyze layers w.erg" >seen
        # our own sequences are bold, dim and their end
        ! sed "s/$(printf '\033')\[[012]m//g" seen | grep -q "$(printf '\033')" || false
        ! grep -q "$(printf '\302\233')" seen || false
    done
    ! grep -q "$(printf '\033')" seen || false
    drawn 100 "TERM=xterm NO_COLOR=1 erg-analyze info w.erg" >seen
    ! grep -q "$(printf '\033')" seen || false
    # the data stay what they are
    [ "$(erg-analyze layers --format json w.erg 2>/dev/null | jq -r '.runs[0].layers[0].network')" = "$(printf 'ne\033[2Jt')" ]
}

@test "CSV and JSON on a terminal cannot play it, either, and JSON says the same there" {
    for verb in layers totals 'layers --by network'; do
        drawn 200 "erg-analyze $verb --format csv w.erg 2>/dev/null" >csv
        [ -s csv ]
        drawn 200 "erg-analyze $verb --format json w.erg 2>/dev/null" >json
        run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' csv json
        erg-analyze $verb --format json w.erg 2>/dev/null | python3 -c '
import json, sys
assert json.load(sys.stdin) == json.load(open("json"))'
        # a file has the names as they are
        erg-analyze $verb --format csv w.erg 2>/dev/null >file
        grep -q "$(printf '\033')" file || [ "$verb" = totals ]
    done
}

@test "what a person gives plays the terminal as little: archives, outputs, verbs" {
    skip_without page
    esc=$'x\e]0;y\a'
    cp w.erg "$esc.erg"
    erg-analyze report "$esc.erg" -o "$esc.html" 2>>seen
    erg-analyze study "$esc.erg" -o "$esc" 2>>seen
    erg-analyze batch "$esc.erg" -o "$esc-results" 2>>seen
    erg-analyze layers "$esc.erg" >>seen 2>&1
    for wrong in "$esc" "layers $esc" "layers w.erg --rail=$esc" "verify $esc" "batch $esc -o $esc-none"; do
        # shellcheck disable=SC2086
        run erg-analyze $wrong
        [ "$status" -ne 0 ]
        echo "$output" >>seen
    done
    [ "$(grep -c 'x?\]0;y?' seen)" -ge 8 ]
    ! grep -q "$(printf '[\033\007]')" seen || false
}

@test "what is longer than the terminal goes through a pager, and nothing else does" {
    unset NO_COLOR
    cat >pager <<'END'
#!/bin/sh
echo "LESS=$LESS"
cat >paged
END
    chmod +x pager
    long="stty rows 10; ERG_PAGER=./pager TERM=xterm"
    drawn 80 "unset LESS; $long erg-analyze layers w.erg 2>/dev/null" >seen
    grep -q '^LESS=FRX' seen
    [ "$(wc -l <paged)" -ge 10 ]
    grep -q "$(printf '\033')" paged # colours stay
    rm paged
    drawn 80 "$long erg-analyze layers --help" >seen
    [ -s paged ]
    rm paged
    # what fits, --no-pager before and behind the verb, an empty variable, JSON, a pipe
    drawn 80 "stty rows 60; ERG_PAGER=./pager TERM=xterm erg-analyze layers w.erg 2>/dev/null" >seen
    drawn 80 "$long erg-analyze --no-pager layers w.erg 2>/dev/null" >>seen
    drawn 80 "$long erg-analyze layers --no-pager w.erg 2>/dev/null" >>seen
    drawn 80 "$long ERG_PAGER= erg-analyze layers w.erg 2>/dev/null" >>seen
    drawn 80 "$long erg-analyze layers --format json w.erg 2>/dev/null" >>seen
    drawn 80 "$long erg-analyze layers w.erg 2>/dev/null | cat" >>seen
    [ ! -e paged ]
    [ "$(grep -c 'observed 100.0 %' seen)" -eq 5 ]
    # a pager that is not there costs nothing; who ends it early has not failed
    drawn 80 "stty rows 10; ERG_PAGER=no-such-pager TERM=xterm erg-analyze layers w.erg 2>/dev/null; echo status \$?" >seen
    grep -q 'observed 100.0 %' seen
    drawn 80 "stty rows 10; ERG_PAGER=true TERM=xterm erg-analyze layers w.erg 2>/dev/null; echo status \$?" >seen
    grep -q '^status 0' seen
    # nor is one that is missing named where nobody has chosen it: small systems have no less
    mkdir bin
    for program in sh erg-analyze stty; do ln -s "$(command -v $program)" bin; done
    drawn 80 "export PATH=$PWD/bin; stty rows 10; TERM=xterm erg-analyze layers w.erg 2>&1" >seen
    grep -q 'observed 100.0 %' seen
    ! grep -q 'less' seen || false
    # the words behind -- are the command's
    erg-record run -q --sysfs . -s procstat -o x.erg -- sh -c 'echo "$@"' sh --no-pager >got
    [ "$(cat got)" = --no-pager ]
    # and so are those behind its name
    erg-record run -q --sysfs . -s procstat -o y.erg echo --no-pager >got
    [ "$(cat got)" = --no-pager ]
}

# 5 calls of 1 ms are 5 windows of 1 ms. By hand: 50 windows are ten times as many.
@test "why there is no figure, and how much longer a run would do, survive 80 and 60 columns" {
    skip_unless jq
    awk 'BEGIN { print "time_s,VDD_IN [W]"
        for (i = 0; i <= 4000; i++) printf "%.3f,%.3f\n", i / 1000, 3 + i % 7 / 100 }' >few.csv
    # the second layer was seen by five readings
    awk 'BEGIN { print "begin_s,end_s,layer"
        for (i = 0; i < 80; i++) { t = i * .05; end = i % 16 ? t + .05 : t + .049
            printf "%.3f,%.3f,inception_4a/3x3_reduce\n", t, end
            if (end < t + .05) printf "%.3f,%.3f,inception_4a/relu_3x3_reduce\n", end, t + .05 } }' >few-layers.csv
    erg-record import --samples few.csv --layers few-layers.csv --sensor kind=boxcar window_s=0.001 lag_s=0 -o few.erg
    erg-analyze layers --format json few.erg >few.json 2>/dev/null
    jq -e '.runs[0].layers[1].energy_j | .reason == "windows" and (.longer - 10 | fabs) < 0.01' few.json
    for columns in 80 60; do
        drawn $columns "erg-analyze layers few.erg 2>/dev/null" >seen
        grep -Eq '^inception_4.* unresolved .*run 10×: seen ' seen
        [ "$(widths <seen | sort -n | tail -n 1)" -le $columns ]
    done
    # beneath the table it is explained, of every row that says it
    erg-analyze layers few.erg 2>/dev/null >seen
    rows=$(grep -c ' run [0-9.]*×: ' seen)
    grep -Eq "^$rows rows? needs? about 10 .*× as long a run.* \\(run 10×\\)\$" seen
    # no type was said, so there is no column of types
    erg-analyze layers few.erg 2>/dev/null >seen
    grep -q '^layer  *calls' seen
}

@test "a glob or a phase that nothing fits is said" {
    run --separate-stderr erg-analyze layers --match 'fire*' w.erg
    [ "$status" -eq 0 ]
    [[ "$output" == *"no row is such as asked for: 2 left out"* ]]
    run --separate-stderr erg-analyze layers --top 1 w.erg
    [[ "$output" == *"1 more row left out as asked for"* ]]
}

@test "a verb that is spelled wrong is answered with the one that was meant" {
    # of the other program, whose verbs are those of its help
    for verb in $(erg-record --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -vx sweep) record; do
        run -2 erg-analyze $verb
        [[ $output == "erg-analyze: '$verb' is a verb of erg-record: erg-record $verb"* ]]
    done
    for verb in $(erg-analyze --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -vx sweep); do
        run -2 erg-record $verb w.erg
        [[ $output == "erg-record: '$verb' is a verb of erg-analyze: erg-analyze $verb"*"erg-record -- $verb"* ]]
    done
    run -2 erg-analyze w.erg
    [[ $output == *"name a verb before it, as erg-analyze layers w.erg"* ]]
    run erg-record recrod
    [ "$status" -eq 2 ]
    [[ $output == *"did you mean 'record'"*"erg-record -- recrod"* ]]
    run erg-record swep p.yaml
    [[ $output == *"did you mean 'sweep'"* ]]
    run -2 erg-record nope
    [[ $output != *"did you mean"* ]]
    run erg-record python3
    [ "$status" -eq 2 ]
    [[ $output == *"no verb 'python3'"*"erg-record -- python3"* ]]
    run erg-analyze totls x.erg
    [ "$status" -eq 2 ]
    [[ $output == *"did you mean 'totals'"* ]]
    run erg-analyze layers --formt json
    [ "$status" -eq 2 ]
    [[ $output == "erg-analyze layers: there is no option --formt; did you mean --format?"* ]]
    [ "$(erg-analyze help totals)" = "$(erg-analyze totals --help)" ]
    [ "$(erg-analyze layers --version)" = "$(erg-analyze --version)" ]
    [ "$(erg-record sweep --version)" = "$(erg-record --version)" ]
}

@test "what an option may be stands in the message, with exit status 2" {
    for words in "layers --jobs 0" "layers --by lines" "totals --ci-limit -1" "sweep --slack x" \
        "export --to nothing" "model fit --degree 3" "thermal --block 0"; do
        run erg-analyze $words a.erg
        [ "$status" -eq 2 ]
        [[ ${lines[0]} == "erg-analyze ${words%% *}: --"*": expected "* ]]
        [ "${#lines[@]}" -eq 1 ]
    done
    for words in "run --source nothing -- true" "sources -s thermal,nothing" "top --source nothing" "calibrate --source nothing"; do
        run -2 erg-record $words
        [[ ${lines[0]} == "erg-record ${words%% *}: --source: unknown source \"nothing\": expected one of auto, "* ]]
        [ "${#lines[@]}" -eq 1 ]
    done
    for words in "run --rate 0" "sources --reads x" "calibrate --format csv" "run --annotate nothing"; do
        run erg-record $words
        [ "$status" -eq 2 ]
        [[ ${lines[0]} == "erg-record ${words%% *}: --"*": expected "* ]]
        [ "${#lines[@]}" -eq 1 ]
    done
}
