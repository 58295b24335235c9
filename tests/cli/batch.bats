#!/usr/bin/env bats
# bats file_tags=offline
# SPDX-License-Identifier: GPL-3.0-or-later
# erg-analyze batch: a document an archive, whole or not at all, and none twice; what takes them.
load helpers
load imported

test_setup() {
    mkdir -p runs/cold
    archive runs/a.erg 1
    archive runs/b.erg 2
    archive runs/cold/a.erg 4
}

@test "batch: one document an archive, the same as of layers; nothing is made twice" {
    run -0 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "3 archives: 3 analysed, 0 there already, 0 failed: results" ]
    [ "$(ls results | tr '\n' ' ')" = "a.layers.json b.layers.json cold_a.layers.json " ]
    erg-analyze layers runs/b.erg --by layer,network,phase --format json 2>/dev/null | jq -S . >alone.json
    jq -S 'del(.batch)' results/b.layers.json | diff alone.json -
    # The digest is what sha256sum says of the bytes before the digest frame (48 + 8 bytes and the table).
    frames=$(tail -c 9 runs/b.erg | od -An -tu4 -N4 | tr -d ' ')
    end=$(($(stat -c %s runs/b.erg) - 17 - 12 * frames - 48))
    [ "$(jq -r .batch.archive_digest results/b.layers.json)" = \
        "$(head -c "$end" runs/b.erg | sha256sum | cut -d' ' -f1)" ]
    stat -c '%n %i' results/* >before
    mv runs elsewhere
    run -0 erg-analyze batch elsewhere -o results
    [ "${lines[-1]}" = "3 archives: 0 analysed, 3 there already, 0 failed: results" ]
    stat -c '%n %i' results/* | diff before -
    # Other options, or another archive of the name: made again.
    archive other.erg 3
    mv other.erg elsewhere/b.erg
    run -0 erg-analyze batch elsewhere -o results
    [ "${lines[-1]}" = "3 archives: 1 analysed, 2 there already, 0 failed: results" ]
    run -0 erg-analyze batch elsewhere -o results -- layers --by type
    [ "${lines[-1]}" = "3 archives: 3 analysed, 0 there already, 0 failed: results" ]
    jq -e '.runs[0].by == "type" and .batch.analysis == ["layers", "--by", "type"]' results/a.layers.json
}

@test "batch: shards are all archives, each once; many-run analyses take the folder and no archive" {
    erg-analyze sweep runs/a.erg runs/b.erg runs/cold/a.erg --factor clock --format csv 2>/dev/null >archives.csv
    run -0 erg-analyze batch runs/cold runs/b.erg -o half --shard 2/2
    [ "$(ls half)" = b.layers.json ]
    run -2 erg-analyze batch runs -o half --tries 2
    [[ $output == *"--tries: expected --on slurm with it"* ]]
    for i in 1 2 3; do run -0 erg-analyze batch runs -o results --shard $i/3; done
    rm -r runs
    erg-analyze sweep results --factor clock --format csv 2>/dev/null | diff archives.csv -
    erg-analyze model fit results --predictors calls --group clock --format json 2>/dev/null |
        jq -e '[.cv.folds[].group] == ["1", "2", "4"]'
}

@test "batch: what fails is told, leaves nothing, and does not stop the others" {
    head -c 40 runs/a.erg >runs/cut.erg
    run -1 erg-analyze batch runs -o results
    [[ ${lines[0]} == "failed: "*"runs/cut.erg"* ]]
    [ "${lines[-1]}" = "4 archives: 3 analysed, 0 there already, 1 failed: results" ]
    [ "$(ls -A results | wc -l)" -eq 3 ]
    # nor what an archive said before it was broken
    [ -e results/b.layers.json ]
    head -c 40 runs/b.erg >half
    mv half runs/b.erg
    run -1 erg-analyze batch runs/b.erg -o results
    [ ! -e results/b.layers.json ]
    echo mine >results/a.layers.json
    run -1 erg-analyze batch runs/a.erg -o results
    [[ $output == *"results/a.layers.json: is there, and no result of a batch"* ]]
    [ "$(cat results/a.layers.json)" = mine ]
    run -1 erg-analyze batch runs/a.erg runs/cold/a.erg -o r
    [[ $output == *"both would have the result a.layers.json"* ]]
    run -1 erg-analyze batch runs/a.erg -o r -- layers --nonsense
    [[ $output == *"there is no option --nonsense"* ]]
    run -1 erg-analyze batch results -o r
    [[ $output == *"results: no archive (*.erg) below this folder"* ]]
    run -2 erg-analyze batch runs -o r --shard 0/3
    run -2 erg-analyze batch runs -o r -- sweep
    run -2 erg-analyze batch runs
    [ ! -e r/a.layers.json ]
}

@test "batch: warnings count as well in documents that are there" {
    head -c -200 runs/a.erg >runs/cut.erg
    run -3 erg-analyze layers runs/cut.erg --strict
    run -3 erg-analyze batch runs -o results -- layers --strict
    [ "${lines[-1]}" = "4 archives: 4 analysed, 0 there already, 0 failed: results" ]
    [ "$(jq .batch.warned results/*.json | sort | uniq -c | tr -s ' \n' ' ')" = " 3 false 1 true " ]
    run -3 erg-analyze batch runs -o results -- layers --strict
    [ "${lines[-1]}" = "4 archives: 0 analysed, 4 there already, 0 failed: results" ]
    run -0 erg-analyze batch runs -o results --shard 1/4 -- layers --strict
    [ "${lines[-1]}" = "1 archives: 0 analysed, 1 there already, 0 failed: results" ]
    run -0 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "4 archives: 4 analysed, 0 there already, 0 failed: results" ]
}

# Whenever the replacing happens, a document says the digest of what it tells of.
@test "batch: an archive that is replaced meanwhile is not taken for the one before" {
    archive old.erg 1
    archive new.erg 30
    erg-analyze batch old.erg -o old
    rm -r runs
    mkdir runs
    for i in 1 2 3 4 5 6 7 8 9; do
        cp old.erg runs/$i.erg
        cp new.erg runs/$i.new
    done
    erg-analyze batch runs -o results --jobs 2 2>said &
    for i in 9 8 7 6 5 4 3 2 1; do
        sleep 0.01
        mv runs/$i.new runs/$i.erg
    done
    ends $! 0 || grep -q '^failed: runs/[1-9]\.erg: the archive changed while it was analysed' said
    for f in results/*.json; do
        is=new of=new
        if jq -e '.runs[0].tags.clock == "1"' "$f"; then is=old; fi
        if jq -e --slurpfile o old/old.layers.json '.batch.archive_digest == $o[0].batch.archive_digest' "$f"; then of=old; fi
        [ $is = $of ]
    done
    run -0 erg-analyze batch runs -o results
    [[ ${lines[-1]} == "9 archives: "*", 0 failed: results" ]]
    [ "$(jq -r .runs[0].tags.clock results/*.json | sort -u)" = 30 ]
}

@test "batch: a copy of an archive is no other run: sweep of both says so" {
    erg-analyze batch runs -o results
    erg-analyze sweep runs 2>said >/dev/null
    ! grep 'once more' said || false
    cp runs/a.erg runs/again.erg
    erg-analyze batch runs -o results
    erg-analyze sweep runs 2>said >/dev/null
    [ "$(grep -c 'runs/again.erg is the run of runs/a.erg once more' said)" -eq 1 ]
    [ "$(grep -c 'once more' said)" -eq 1 ]
    erg-analyze sweep results --format json 2>/dev/null >results.json
    [ "$(jq '[.warnings[] | select(.code == "copy")] | length' results.json)" -eq 1 ]
    for from in runs results; do
        erg-analyze report $from -o page.html 2>said
        [ "$(grep -c 'is the run of runs/a.erg once more' said)" -eq 1 ]
    done
    # one as an archive, the other as a result
    erg-analyze sweep runs/a.erg results/again.layers.json 2>said >/dev/null
    grep -q 'once more' said
}

@test "batch: archives in folders of a folder are read by batch; analyses that leave them say which" {
    mkdir runs/older runs/.hidden runs/empty
    cp runs/a.erg runs/older
    cp runs/a.erg runs/.hidden
    erg-analyze sweep runs 2>said >/dev/null
    grep -Fq 'runs: 2 folders in it hold more archives, which are not read: cold, older' said
    erg-analyze export --to sqlite runs -o runs.db 2>said
    grep -Fq 'runs: 2 folders in it hold more archives, which are not read: cold, older' said
    erg-analyze layers --format json runs 2>/dev/null >layers.json
    [ "$(jq '[.warnings[] | select(.code == "below")] | length' layers.json)" -eq 1 ]
    erg-analyze report runs -o page.html 2>said
    grep -q 'not read: cold, older' said
    # results among archives are no archives; named files are not looked around
    erg-analyze batch runs -o runs/results
    mv runs/cold cold
    rm -r runs/older
    erg-analyze sweep runs 2>said >/dev/null
    ! grep 'not read' said || false
    mkdir runs/older
    cp runs/a.erg runs/older
    erg-analyze sweep runs/*.erg 2>said >/dev/null
    ! grep 'not read' said || false
}

@test "batch: a link to an archive is one; a link to nowhere is told" {
    mv runs elsewhere
    mkdir runs
    ln -s ../elsewhere/a.erg runs/a.erg
    ln -s /nowhere runs/lost.erg
    ln -s /nowhere runs/notes.txt
    run -1 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "2 archives: 1 analysed, 0 there already, 1 failed: results" ]
    [[ $output == *"failed: runs/lost.erg: "* ]]
    [ "$(ls results)" = a.layers.json ]
}

@test "batch: folders by links: the one that is named is read, those below are told; unpacked archives, too" {
    mv runs elsewhere
    ln -s elsewhere runs
    run -0 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "3 archives: 3 analysed, 0 there already, 0 failed: results" ]
    [ "$(ls results | tr '\n' ' ')" = "a.layers.json b.layers.json cold_a.layers.json " ]
    mkdir far unpacked
    cp elsewhere/a.erg far
    ln -s ../far elsewhere/linked
    ln -s . elsewhere/around
    ln -s b.erg elsewhere/latest.erg
    tar -C unpacked -xf elsewhere/b.erg
    mv unpacked/* elsewhere/open
    run -0 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "4 archives: 1 analysed, 3 there already, 0 failed: results" ]
    [ "$(printf '%s\n' "${lines[@]}" | grep '^not read: ' | sort)" = "\
not read: runs/around: a link to a folder
not read: runs/linked: a link to a folder
not read: runs/open: an unpacked archive" ]
    run -1 erg-analyze batch elsewhere/open -o results
    [ "${lines[0]}" = "not read: elsewhere/open: an unpacked archive" ]
}

@test "batch: names too long for a file are cut and told apart by a digest; the others are made" {
    long=$(printf 'é%.0s' $(seq 100))
    mkdir -p "runs/$long/$long"
    cp runs/a.erg "runs/$long/$long/a.erg"
    cp runs/b.erg "runs/$long/$long/b.erg"
    run -0 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "5 archives: 5 analysed, 0 there already, 0 failed: results" ]
    [ "$(ls results | wc -l)" -eq 5 ]
    for name in a b; do
        end=$(printf '%s' "$long/$long/$name.erg" | sha256sum | cut -c1-16)
        cmp <(jq -c .runs[0].ets_j "results/$(printf 'é%.0s' $(seq 90))-$end.layers.json") \
            <(jq -c .runs[0].ets_j results/$name.layers.json)
    done
    run -0 erg-analyze batch runs -o results
    [ "${lines[-1]}" = "5 archives: 0 analysed, 5 there already, 0 failed: results" ]
}

@test "batch: wrong words, and an archive that cannot be read now, take no document away" {
    erg-analyze batch runs -o results
    stat -c '%n %i' results/* >before
    run -2 erg-analyze batch runs -o results -- layers -- --by type
    [[ $output == *"--: expected options alone behind layers"* ]]
    run -1 erg-analyze batch runs -o results -- layers runs/a.erg
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "erg-analyze batch: layers: runs/"*" and others were analysed: expected options alone"* ]]
    run -1 erg-analyze batch runs -o results -- layers --help
    [[ $output == *"it printed no document: expected options alone"* ]]
    # of this archive, by another analysis: what it says is so
    run -1 erg-analyze batch runs -o results -- layers --rail NONE
    [ "${lines[-1]}" = "3 archives: 0 analysed, 0 there already, 3 failed: results" ]
    mv runs/a.erg a.erg
    ln -s nowhere runs/a.erg
    run -1 erg-analyze batch runs -o results
    [[ ${lines[0]} == "failed: runs/a.erg: "* ]]
    [ "${lines[-1]}" = "3 archives: 0 analysed, 2 there already, 1 failed: results" ]
    stat -c '%n %i' results/* | diff before -
    # a page has no more than what can be told of its archives now
    run -1 erg-analyze study runs -o page.html
    [[ $output == *"left out: runs/a.erg: "*"2 runs, 1 analysis"* ]]
    rm runs/a.erg
    archive runs/a.erg 1
    run -0 erg-analyze study runs -o page.html
    rm runs/a.erg
    ln -s nowhere runs/a.erg
    run -1 erg-analyze study runs -o page.html
    [[ $output == *"left out: runs/a.erg: "*"2 runs, 1 analysis"* ]]
}

# Process 1 would not see it: who waits is told by what is pending of one that is stopped.
@test "batch: what it started ends with it, also when it is killed" {
    erg-analyze batch runs/a.erg -o results --jobs 1 -- layers --rounds 1000000 2>/dev/null & batch=$!
    child=
    # not before it is what it will be: what it asks of its parent's death it asks before
    analyses() {
        child=$(ps -o pid=,args= --ppid $batch | awk '$3 == "layers" { print $1 }') && [ -n "$child" ] && kill -STOP "$child"
    }
    await analyses
    await grep -q '^State:.T' /proc/"$child"/status
    kill -KILL $batch
    ends $batch 137
    terminated() { (($(awk '/^ShdPnd:/ { print "0x" $2 }' /proc/"$child"/status) & 1 << 14)); }
    await terminated
    kill -KILL "$child"
}

# rails NAME WATTS WATTS [TAG]: two supplies of one board.
rails() {
    awk -v a="$2" -v b="$3" 'BEGIN { print "time_s,A [W],B [W]"
        for (i = 0; i < 400; i++) printf "%.3f,%.3f,%.3f\n", i / 1000, a + i % 7 / 100, b + i % 7 / 100 }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer"
        for (i = 0; i < 40; i++) printf "%.3f,%.3f,a\n", i / 100, (i + 1) / 100 }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor kind=point --tag clock=1 --tag "${4:-workload=net}" \
        -o "$1" 2>/dev/null
}

# codes COMMAND…: of the warnings in its JSON.
codes() { erg-analyze "$@" --format json 2>/dev/null | jq -r '[.warnings[].code] | unique | join(" ")'; }

@test "runs of different rails, and results of several analyses or versions, are not compared in silence" {
    # each has the rail of the most power: 2 W of A, 3 W of B
    rails p.erg 2 1
    rails q.erg 1 3
    [[ " $(codes sweep p.erg q.erg --factor clock) " == *" rails "* ]]
    run --separate-stderr erg-analyze sweep p.erg q.erg --factor clock
    [[ $stderr == *"runs of different rails are compared: p.erg is of A, and q.erg of B: expected the same"* ]]
    [[ " $(codes sweep p.erg q.erg --factor clock --rail A) " != *" rails "* ]]
    rails other.erg 1 3 workload=other
    [[ " $(codes sweep p.erg other.erg --factor clock) " != *" rails "* ]]
    erg-analyze batch p.erg -o results -- layers --rail B
    erg-analyze batch q.erg -o results
    for verb in "sweep --factor clock" "model fit --predictors calls"; do
        run --separate-stderr erg-analyze $verb results
        [[ $stderr == *"results of several analyses: p.erg by layers --rail B (erg-analyze "*"), q.erg by layers --by=layer,network,phase (erg-analyze "* ]]
    done
    [[ " $(codes sweep results --factor clock) " == *" mixed "* ]]
    for to in "report results -o page.html" "export --to sqlite results -o runs.db"; do
        run -0 --separate-stderr erg-analyze $to
        [[ $stderr == *"results of several analyses"* ]]
    done
    # the points of a database are of both
    for n in p q; do
        erg-analyze layers $n.erg --format json 2>/dev/null | jq -c ".runs[0].factors.cap = \"$n\"" >$n.json
    done
    run -0 --separate-stderr erg-analyze export --to sqlite p.json q.json -o points.db
    [[ $stderr == *"points: runs of different rails are compared: p.erg is of A, and q.erg of B"* ]]
    # versions, of documents that do not say their options, too
    erg-analyze batch p.erg q.erg -o results
    [[ " $(codes sweep results --factor clock) " != *" mixed "* ]]
    erg-analyze layers p.erg --format json 2>/dev/null >results/p.layers.json
    [[ " $(codes sweep results --factor clock) " != *" mixed "* ]]
    jq -c '.tool.version = "0.0.9"' results/p.layers.json >older
    mv older results/p.layers.json
    [[ " $(codes sweep results --factor clock) " == *" mixed "* ]]
    run --separate-stderr erg-analyze sweep results --factor clock
    [[ $stderr == *"results of several analyses: p.erg by (erg-analyze 0.0.9), q.erg by layers --by=layer,network,phase (erg-analyze "* ]]
}

@test "batch: a document that was copied in part is made again" {
    erg-analyze batch runs -o results
    cp -r results whole
    for bytes in 300 3000 $(($(stat -c %s whole/a.layers.json) - 1)); do
        head -c "$bytes" whole/a.layers.json >results/a.layers.json
        run -0 erg-analyze batch runs -o results
        [ "${lines[-1]}" = "3 archives: 1 analysed, 2 there already, 0 failed: results" ]
        diff -r whole results
    done
    # where it cannot be made, no half of one stays
    head -c 3000 whole/a.layers.json >results/a.layers.json
    run -1 erg-analyze batch runs -o results -- layers --rail NONE
    [ ! -e results/a.layers.json ]
    cmp whole/b.layers.json results/b.layers.json
}

@test "results of totals, and of rows that were picked, are not taken for results of all layers" {
    for n in a b; do erg-analyze totals runs/$n.erg --format json >$n.totals.json 2>/dev/null; done
    for verb in "sweep a.totals.json" "corun a.totals.json" "compare a.totals.json b.totals.json" \
        "model fit --predictors calls a.totals.json" "export --to sqlite a.totals.json -o x.db"; do
        run -1 erg-analyze $verb
        [[ $output == *"a.totals.json: a run without \"layers\": expected a result of erg-analyze layers"* ]]
    done
    [ ! -e x.db ]
    erg-analyze batch runs -o results -- layers --top 1
    [[ " $(codes sweep results --factor clock) " == *" rows-left-out "* ]]
    run --separate-stderr erg-analyze compare results/a.layers.json results/b.layers.json
    [[ $stderr == *"results/a.layers.json: a result without 1 of its rows (--top or --match)"* ]]
    erg-record import --samples <(printf '%s\n' 'time_s,P [W]' "$(seq 0 399 | awk '{ print $1 / 1000 "," 1 + $1 % 7 / 100 }')") \
        --layers <(printf '%s\n' begin_s,end_s,layer,phase 0,0.1,a,one 0.1,0.2,b,one 0.2,0.3,a,two 0.3,0.4,b,two) \
        --sensor kind=point -o phases.erg 2>/dev/null
    erg-analyze layers phases.erg --phase one --format json >one.json 2>/dev/null
    [[ " $(codes compare one.json one.json) " == *" one-phase "* ]]
}

@test "batch: another user's folders: what cannot be read or written is named, and nothing is lost" {
    need_other_user
    chmod 755 "$PWD"
    mkdir runs/secret
    cp runs/a.erg runs/secret/s.erg
    chmod 700 runs/secret
    mkdir own closed
    chmod 777 own
    run -1 as_user erg-analyze batch runs -o own
    [ "$output" = "erg-analyze batch: runs/secret: Permission denied" ]
    rm -r runs/secret
    chmod 600 runs/b.erg
    run -1 as_user erg-analyze batch runs -o own
    [ "${lines[0]}" = "failed: runs/b.erg: Permission denied" ]
    [ "${lines[-1]}" = "3 archives: 2 analysed, 0 there already, 1 failed: own" ]
    run -1 as_user erg-analyze batch runs -o closed
    [[ ${lines[-1]} == "erg-analyze batch: closed/"*".layers.json: cannot be written: Permission denied" ]]
    [ -z "$(ls -A closed)" ]
    # the folder is another's, and all is there already
    erg-analyze batch runs -o closed
    chmod 644 runs/b.erg
    run -0 as_user erg-analyze batch runs -o closed
    [ "${lines[-1]}" = "3 archives: 0 analysed, 3 there already, 0 failed: closed" ]
}

@test "batch: an analysis that cannot be started says why, and is made by the next" {
    # what is left after those of the batch itself is no more than what a message needs
    for files in 5 6 8 12; do
        run -1 sh -c "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n $files; exec erg-analyze batch runs/a.erg runs/b.erg -o results --jobs 1"
        [[ ${lines[0]} == "failed: runs/"* ]]
        [[ ${lines[0]} == *": Too many open files"* || ${lines[0]} == *": Error 24"* ]]
    done
    run -0 erg-analyze batch runs/a.erg runs/b.erg -o results --jobs 1
    [[ ${lines[-1]} == "2 archives: "*", 0 failed: results" ]]
}
