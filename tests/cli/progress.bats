#!/usr/bin/env bats
# Progress: on a terminal, on stderr, for steps over a second; nowhere else.
load helpers

test_setup() {
    PATH="$ERG_BUILD/tests/bench:$PATH"
    mktrace 30000 t.erg >/dev/null
    # rounds enough for more than two seconds on any machine
    LONG=(erg-analyze layers --format json --rounds 20000 t.erg)
}

@test "a terminal shows what is done and what is left, and the line is gone at the end" {
    skip_unless script jq
    script -qec "${LONG[*]} >out.json" tty.log >/dev/null </dev/null
    tr '\r' '\n' <tty.log >lines
    grep -Eq 'bootstrap \[#+ *\] +[0-9]+ %, [0-9]+ s left' lines
    # what was drawn last is the removal
    ! grep -E 'bootstrap' <(tail -n 4 lines)
    grep -q "$(printf '\033\\[K')" lines
    jq -e '.runs[0].layers | length > 0' out.json
}

@test "what is no terminal gets no progress" {
    "${LONG[@]}" 2>&1 >out.json | cat >err
    ! grep -q 'left' err
    ! grep -q "$(printf '\r')" err
}
