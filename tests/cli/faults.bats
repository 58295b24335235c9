# Memory that is refused: what cannot be made is said, never left out.
# bats file_tags=offline
load helpers

@test "an allocation that fails anywhere in the analyzer is told" {
    skip_unless jq
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    "$ERG_SRC/tests/faults" 25 erg-analyze layers --jobs 1 --format json run.erg
    "$ERG_SRC/tests/faults" 15 erg-analyze layers --jobs 1 run.erg
    "$ERG_SRC/tests/faults" 10 erg-analyze info --jobs 1 run.erg
    "$ERG_SRC/tests/faults" 10 erg-analyze totals --no-cache --jobs 1 run.erg
}

@test "an allocation that fails anywhere in the import is told, and no archive is left" {
    skip_unless erg-record
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i < 500; i++) printf "%.3f,%d.5\n", i / 100, 3 + i % 5 }' >s.csv
    "$ERG_SRC/tests/faults" 25 "$ERG_BUILD/record/import/erg-import" --force --samples s.csv -o s.erg
    [ -z "$(ls -A | grep -v -e '^s\.csv$' -e '^s\.erg$')" ]
}
