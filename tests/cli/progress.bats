#!/usr/bin/env bats
# Progress: on a terminal, on stderr, for steps over a second; nowhere else.
# bats file_tags=apart
load helpers

test_setup() {
    PATH="$ERG_BUILD/tests/bench:$PATH"
    export ERG_PROGRESS_AFTER_S=0 # how fast this machine is must not matter
}

# on_terminal COMMAND: what it draws, one state a line, in the file lines.
on_terminal() {
    script -qec "$1" tty.log >/dev/null </dev/null
    tr '\r' '\n' <tty.log >lines
}

# shown STEP: how often its line was drawn, each with what is done and what is left.
shown() {
    grep -Ec "^$1 \[#* *\] +[0-9]+ %, [0-9]+ s left" lines
}

# The line is removed before anything stays on the terminal.
removed() {
    ! tail -n 4 lines | grep -q ' left' || false
    grep -q "$(printf '\033\\[K')" lines
}

long_bootstrap() {
    mktrace 30000 t.erg >/dev/null
    LONG=(erg-analyze layers --format json --jobs 1 --rounds 2000 t.erg)
}

@test "a terminal shows what is done and what is left, and the line is gone at the end" {
    skip_unless script jq
    long_bootstrap
    on_terminal "${LONG[*]} >out.json"
    [ "$(shown bootstrap)" -ge 2 ]
    removed
    jq -e '.runs[0].layers | length > 0' out.json
}

@test "what is no terminal gets no progress" {
    long_bootstrap
    "${LONG[@]}" 2>&1 >out.json | cat >err
    ! grep -q 'left' err || false
    ! grep -q "$(printf '\r')" err || false
}

@test "one long chunk is no silence: its decoder says how far it is, with any number of jobs" {
    skip_unless script
    mktrace 1000000 long.erg chunk=1000000 >/dev/null
    erg-analyze info --format json long.erg >want.json
    for jobs in 1 2; do
        on_terminal "erg-analyze info --no-cache --format json --jobs $jobs long.erg >got.json"
        [ "$(shown decoding)" -ge 3 ]
        # more and more of it
        sed -n 's/^decoding .*\] *\([0-9]*\) %.*/\1/p' lines | sort -nc
        removed
        cmp want.json got.json
    done
}

@test "checksums, an import's trace and its archive: each step shows itself" {
    skip_unless script
    mktrace 1000000 long.erg >/dev/null
    on_terminal "erg-analyze verify long.erg >/dev/null"
    [ "$(shown verifying)" -ge 1 ]
    removed
    awk 'BEGIN { print "time_s,VDD_IN [W]"
        for (i = 0; i < 200000; i++) printf "%d.%03d,%d.%03d\n", i / 1000, i % 1000, 3 + i % 5, i % 997 }' >s.csv
    on_terminal "erg-record import --samples s.csv -o s.erg"
    [ "$(shown writing)" -ge 1 ]
    [ "$(shown archiving)" -ge 1 ]
    removed
    erg-record import --force --samples s.csv -o s.erg 2>err
    ! grep -q 'left' err || false
}

@test "ERG_PROGRESS_AFTER_S is the age of a step that is shown" {
    skip_unless script
    mktrace 1000000 t.erg chunk=1000000 >/dev/null
    ERG_PROGRESS_AFTER_S=3600 on_terminal "erg-analyze info --no-cache t.erg >/dev/null"
    ! grep -q ' left' lines || false
    on_terminal "erg-analyze info --no-cache t.erg >/dev/null"
    grep -q ' left' lines
}

@test "of many archives it is said how many are done" {
    skip_unless script
    mktrace 20000 t.erg >/dev/null
    for i in 1 2 3 4 5 6; do cp t.erg t$i.erg; done
    on_terminal "erg-analyze info --jobs 1 t?.erg >/dev/null"
    [ "$(shown archives)" -ge 1 ]
    removed
}
