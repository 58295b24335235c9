#!/usr/bin/env bats
# bats file_tags=offline
# Worlds of tests/accuracy/foreign, the generator that shares nothing with the other: a few of them, always the same.
bats_require_minimum_version 1.5.0
load helpers

foreign() { "$ERG_SRC/tests/accuracy/foreign" --jobs 1 "$@"; }

# columns LINE: of the table's line of that name, without its name.
columns() { sed -n "s/^  $1  *//p" table; }

@test "the foreign generator's own integrals agree with sums over small steps" {
    skip_unless python3
    foreign --check
}

@test "foreign worlds as declared: most rows have a figure, nine in ten of them hold the truth, none is sure and wrong" {
    skip_unless python3
    foreign --seed 1 --worlds 5 --right --work cnn >table
    cat table
    # worlds rows mean worst cover runs wrong unresolved ETS error cover wrong hold OLS
    columns worlds | awk '{ exit !($1 == 5 && $5 >= 90 && $7 == 0 && $8 <= 45 && $9 == 5 && $11 >= 80 && $12 == 0) }'
    # and better than holding a reading
    columns worlds | awk '{ exit !($3 < 0.5 && $13 > 10 * $3) }'
}

@test "foreign worlds with up to three departures: none is sure and wrong, nine intervals in ten hold the truth" {
    skip_unless python3
    foreign --seed 1 --worlds 6 --without gain,shape >table
    cat table
    columns worlds | awk '{ exit !($1 == 6 && $2 - $8 * $2 / 100 >= 10 && $5 >= 90 && $7 == 0 && $9 >= 5 && $11 >= 80 && $12 == 0) }'
}

@test "scored against a truth that is off by 5 %, the same rows are wrong: the score can fail" {
    skip_unless python3
    foreign --seed 1 --worlds 2 --right --work cnn --falsify 1.05 >table || [ $? = 1 ]
    cat table
    columns worlds | awk '{ exit !($5 < 40 && $7 > 3) }'
}

@test "pauses between requests, at another power than the moments between layers: no other sensor, no layer without a figure" {
    skip_unless python3
    foreign --seed 27 --worlds 1 --keep w >table
    cat table
    grep -q '^27 boxcar decode .* \[\] ' table
    run ! grep misfit table
    columns worlds | awk '{ exit !($2 == 5 && $8 == 0 && $4 < 0.5 && $7 == 0 && $12 == 0) }'
}

@test "the run's energy by a counter whose clock runs off: the time that it leaves at the end has the power there" {
    skip_unless python3
    foreign --seed 1025 --worlds 1 --only background,clock,rc --sensor counter --keep w >table
    cat table
    grep -q '^1025 counter mixed .* \[clock\] ' table
    columns worlds | awk '{ exit !($9 == 1 && $10 < 0.003 && $11 == 100) }'
}
