#!/usr/bin/env bats
# Generated worlds in which one thing differs from what is declared (tests/accuracy/worlds), a few of
# them: whatever erg-analyze says of them, it is not confidently wrong.
bats_require_minimum_version 1.5.0
load helpers

worlds() { "$ERG_BUILD/tests/accuracy/worlds" --jobs 1 "$@"; }

# honest KIND…: a world of each, of which no row, rest, sum or total is confidently wrong. Prints them.
honest() {
    local kinds
    kinds=$(IFS=,; echo "$*")
    worlds --seeds 1 --fresh 2 --only "$kinds" --keep w >table || [ $? = 1 ]
    sed -n '/^errors and shares/q; p' table >lines
    cat lines
    [ "$(wc -l <lines)" = $# ]
    run ! grep -E 'FAIL.*(program|wrong|rest|sum|ETS)' lines
    [ "$(grep -cE 'wrong 0 \(rest 0, sums 0\)' lines)" = $# ]
}

@test "the worlds' own integrals agree with sums over small steps" {
    worlds --check
}

@test "the same seed gives the same world, another seed another one" {
    worlds --seeds 2 --only short-1 --keep a >/dev/null || [ $? = 1 ]
    worlds --seeds 1 --only short-1 --keep b >/dev/null || [ $? = 1 ]
    cmp a/short-1-1/samples.csv b/short-1-1/samples.csv
    cmp a/short-1-1/layers.csv b/short-1-1/layers.csv
    run ! cmp -s a/short-1-1/samples.csv a/short-1-2/samples.csv
}

@test "a sensor as declared: all is resolved, little is off, four rows in five are covered" {
    honest right-b2 right-c right-p
    [ "$(grep -c 'of 1, OLS' lines)" = 3 ]
    run ! grep -E 'error [1-9]|ETS error 0\.[1-9]|ETS error 0\.0[2-9]' lines
    awk '{ n += $2; all += $4; covered += substr($0, index($0, "covered ") + 8) }
        END { print n, all, covered; exit !(n == all && n >= 15 && covered >= 0.8 * n) }' lines
}

@test "a window that is longer than declared, a clock that runs slow, two modes, prefill and decode" {
    honest window-10 skew-50 bimodal phases
    run ! grep -E 'ETS error [1-9]' lines
}

@test "a clock that falls through seven levels within a run of 1.8 s; a sampler in step" {
    honest fall lock
    # in step with the layers, the sampler knows neither them nor the total
    grep -q '^lock-2: 0 of .* covered 0 of 0, OLS' lines
}

@test "a lag that was not declared, a false one, thermal drift" {
    honest lag-7 lag-false thermal
    run ! grep -E 'ETS error [1-9]|ETS error 0\.[1-9]' lines
}
