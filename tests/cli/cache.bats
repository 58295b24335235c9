#!/usr/bin/env bats
# bats file_tags=offline
# SPDX-License-Identifier: GPL-3.0-or-later
# What was decoded once is not decoded again: the same bytes with and without, and whatever is odd
# about the cache means that it is not used. A file that was used keeps its inode, one that was made
# anew has another.
load helpers

# archive NAME WATTS: two layers and 400 readings.
archive() {
    awk -v w="$2" 'BEGIN { print "time_s,VDD_IN [W]"
        for (i = 0; i < 400; i++) printf "%.3f,%.3f\n", i / 1000, w + (int(i / 10) % 2) + i % 7 / 100 }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network"
        for (i = 0; i < 40; i++) printf "%.3f,%.3f,%s,conv,net\n", i / 100, (i + 1) / 100, i % 2 ? "b" : "a" }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor kind=point -o "$1" 2>/dev/null
}

test_setup() {
    export XDG_CACHE_HOME=$PWD/cache
    dir=$XDG_CACHE_HOME/ergtrace
    archive run.erg 1
}

# The key is all of a file's name.
files() { ls -A "$dir" 2>/dev/null | tr '\n' ' '; }
inode() { stat -c %i "$dir"/????????????????????????????????????????????????????????????????; }

@test "a second reading takes what the first decoded: the same bytes as without, by every verb" {
    for verb in info "layers --rounds 50" totals; do
        erg-analyze $verb --no-cache --format json run.erg >want.json 2>want.err
        rm -rf cache
        erg-analyze $verb --format json run.erg >first.json 2>first.err
        used=$(inode)
        erg-analyze $verb --format json run.erg >second.json 2>second.err
        [ "$(inode)" = "$used" ]
        cmp want.json first.json
        cmp want.json second.json
        cmp want.err second.err
    done
    erg-analyze layers --rounds 50 --sensor lag_s=0.002 --format json run.erg >first.json 2>/dev/null
    erg-analyze layers --rounds 50 --sensor lag_s=0.002 --no-cache --format json run.erg >want.json 2>/dev/null
    cmp want.json first.json
    [ "$(inode)" = "$used" ]
    [ "$(stat -c %a "$dir"/*)" = 600 ]
    [ "$(stat -c %a "$dir")" = 700 ]
}

@test "--no-cache and ERG_CACHE_SIZE=0 keep nothing; another size bounds it, the oldest go first" {
    erg-analyze info --no-cache run.erg >/dev/null 2>&1
    ERG_CACHE_SIZE=0 erg-analyze info run.erg >/dev/null 2>&1
    [ -z "$(files)" ]
    erg-analyze info run.erg >/dev/null 2>&1
    old=$(files)
    touch -d 2020-01-01 "$dir"/*
    archive b.erg 2
    ERG_CACHE_SIZE=100M erg-analyze info b.erg >/dev/null 2>&1
    [ "$(wc -w <<<"$(files)")" -eq 2 ]
    archive c.erg 3
    bytes=$(stat -c '%b * 512 +' "$dir"/*)
    # room for two and a half
    ERG_CACHE_SIZE=$(((${bytes//$'\n'/ } 0) * 5 / 4)) erg-analyze info c.erg >/dev/null 2>&1
    [ "$(wc -w <<<"$(files)")" -eq 2 ]
    [[ " $(files)" != *" $old"* ]]
    # it is larger than all may be
    ERG_CACHE_SIZE=100 erg-analyze info run.erg >/dev/null 2>&1
    [ -z "$(files)" ]
    for size in 1x M -1 1MM 99999999999999999999 18446744073709551615K; do
        ERG_CACHE_SIZE=$size run -1 erg-analyze info run.erg
        [[ "$output" == *"ERG_CACHE_SIZE=$size: expected bytes, or a number with K, M, G or T" ]]
    done
}

@test "a file that is cut, changed or another's content is made again" {
    erg-analyze totals --format json run.erg >want.json 2>/dev/null
    name=$(files)
    name=${name% }
    size=$(stat -c %s "$dir/$name")
    cp "$dir/$name" good
    for bytes in 0 10 79 100 $((size / 2)) $((size - 1)); do
        rm "$dir/$name"
        head -c "$bytes" good >"$dir/$name"
        erg-analyze totals --format json run.erg >got.json 2>/dev/null
        cmp want.json got.json
        [ "$(stat -c %s "$dir/$name")" -gt $((size / 2)) ]
        before=$(inode)
        erg-analyze info run.erg >/dev/null 2>&1
        [ "$(inode)" = "$before" ]
    done
    for at in 0 20 80 120 $((size / 2)) $((size - 1)); do
        cp good "$dir/$name"
        byte=$(od -An -tu1 -j "$at" -N 1 good)
        printf "\\x$(printf %x $((byte ^ 16)))" | dd of="$dir/$name" bs=1 seek="$at" conv=notrunc status=none
        before=$(inode)
        erg-analyze totals --format json run.erg >got.json 2>/dev/null
        cmp want.json got.json
        [ "$(inode)" != "$before" ]
    done
    cp good "$dir/$name"
    echo more >>"$dir/$name"
    before=$(inode)
    erg-analyze totals --format json run.erg >got.json 2>/dev/null
    cmp want.json got.json
    [ "$(inode)" != "$before" ]
    # what belongs to another archive, under this one's name
    archive b.erg 2
    erg-analyze info b.erg >/dev/null 2>&1
    other=$(ls "$dir" | grep -v "$name")
    cp "$dir/$other" "$dir/$name"
    erg-analyze totals --format json run.erg >got.json 2>/dev/null
    cmp want.json got.json
}

@test "an archive of which one byte differs is another one; what is damaged is not kept" {
    erg-analyze info run.erg >/dev/null 2>&1
    used=$(inode)
    for at in 900 1500; do
        cp run.erg changed.erg
        byte=$(od -An -tu1 -j "$at" -N 1 run.erg)
        printf "\\x$(printf %x $((byte ^ 16)))" | dd of=changed.erg bs=1 seek="$at" conv=notrunc status=none
        run erg-analyze totals --no-cache changed.erg
        want="$status $output"
        run erg-analyze totals changed.erg
        [ "$status $output" = "$want" ]
    done
    head -c $(($(stat -c %s run.erg) * 9 / 10)) run.erg >cut.erg
    erg-analyze totals cut.erg >/dev/null 2>&1 || :
    [ "$(wc -w <<<"$(files)")" -eq 1 ]
    [ "$(inode)" = "$used" ]
}

@test "many at once: the same bytes from each, one file, and nothing half-written" {
    erg-analyze totals --no-cache --format json run.erg >want.json 2>/dev/null
    pids=
    for i in 1 2 3 4; do
        erg-analyze totals --format json run.erg >got$i.json 2>/dev/null &
        pids="$pids $!"
    done
    for pid in $pids; do ends "$pid" 0; done
    for i in 1 2 3 4; do cmp want.json got$i.json; done
    [ "$(wc -w <<<"$(files)")" -eq 1 ]
    # what a killed one left goes, once it is old enough to be nobody's
    : >"$dir/.new-1-abc"
    touch "$dir/.new-1-abc"
    archive b.erg 2
    erg-analyze info b.erg >/dev/null 2>&1
    [ -e "$dir/.new-1-abc" ]
}

@test "another build of the program takes nothing from this one's" {
    skip_unless readelf perl
    erg-analyze info run.erg >want 2>&1
    first=$(files)
    id=$(readelf -n "$ERG_BUILD/analyze/erg-analyze" | sed -n 's/.*Build ID: //p')
    [ -n "$id" ] || skip "this linker gives no build id"
    perl -0777 -pe 'BEGIN { $id = pack "H*", shift } substr($_, index($_, $id), 1) ^= "\1"' "$id" \
        "$ERG_BUILD/analyze/erg-analyze" >other
    chmod +x other
    ./other info run.erg >got 2>&1
    cmp want got
    [ "$(wc -w <<<"$(files)")" -eq 2 ]
    [[ " $(files)" == *" $first"* ]]
}

@test "a place that is not there, not ours or not safe is no error and not used" {
    erg-analyze totals --no-cache --format json run.erg >want.json 2>want.err
    try() { # COMMAND…: says the same
        "$@" erg-analyze totals --format json run.erg >got.json 2>got.err
        cmp want.json got.json
        cmp want.err got.err
    }
    : >file
    try env XDG_CACHE_HOME="$PWD/file"
    try env XDG_CACHE_HOME="$PWD/none/none"
    try env XDG_CACHE_HOME=relative
    [ ! -e relative ]
    try env -u XDG_CACHE_HOME -u HOME
    mkdir -p home
    try env -u XDG_CACHE_HOME HOME="$PWD/home"
    [ "$(ls -A home/.cache/ergtrace | wc -l)" -eq 1 ]
    mkdir -p open/ergtrace elsewhere
    chmod 770 open/ergtrace
    try env XDG_CACHE_HOME="$PWD/open"
    [ -z "$(ls -A open/ergtrace)" ]
    # a file that others may write, and a link to a good one, are not read: they are replaced
    erg-analyze info run.erg >/dev/null 2>&1
    name=$(files)
    name=${name% }
    chmod 666 "$dir/$name"
    before=$(inode)
    try env
    [ "$(inode)" != "$before" ]
    [ "$(stat -c %a "$dir/$name")" = 600 ]
    mv "$dir/$name" elsewhere/
    ln -s "$PWD/elsewhere/$name" "$dir/$name"
    try env
    [ ! -L "$dir/$name" ]
}

@test "another user's cache is not used, nor one that is read-only" {
    need_other_user
    chmod 755 "$PWD"
    erg-analyze totals --no-cache --format json run.erg >want.json 2>/dev/null
    mkdir theirs
    chown "$(ordinary_user)" theirs
    XDG_CACHE_HOME=$PWD/theirs erg-analyze totals --format json run.erg >got.json 2>/dev/null
    cmp want.json got.json
    [ -z "$(ls -A theirs)" ]
    mkdir -p cache/ergtrace
    as_user env XDG_CACHE_HOME="$PWD/cache" erg-analyze totals --format json run.erg >got.json 2>/dev/null
    cmp want.json got.json
    [ -z "$(files)" ]
}
