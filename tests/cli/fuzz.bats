# The plain driver over the golden files: nothing crashes, whatever the bytes are.
# bats file_tags=offline
load helpers

@test "archives with random damage are read or refused" {
    timeout 900 "$ERG_BUILD/tests/fuzz/fuzz-archive" -n 300 -s 1 "$ERG_SRC"/tests/golden/archive/*/*.erg
}

# damage TARGET TIMES: the seeds of the tree, and mutations of them.
damage() {
    [ -x "$ERG_BUILD/tests/fuzz/fuzz-$1" ] || skip "fuzz-$1 is not built"
    timeout 900 "$ERG_BUILD/tests/fuzz/fuzz-$1" -n "$2" -s 1 "$ERG_SRC/tests/fuzz/seeds/$1"/*
}

@test "logs with random damage are read or refused" {
    # a seed that is refused would fuzz the refusal alone; one has no power
    [ "$(ERG_FUZZ_TELL=1 "$ERG_BUILD/tests/fuzz/fuzz-import" -n 0 "$ERG_SRC"/tests/fuzz/seeds/import/* | grep -c '^accepted')" -eq \
        $(($(ls "$ERG_SRC/tests/fuzz/seeds/import" | wc -l) - 1)) ]
    damage import 300
}

@test "tables with random damage are read or refused" { damage table 50000; }

@test "what reads sensors' bytes answers whatever they are" { damage sensors 40000; }

@test "streams with random damage are cut behind a whole packet" { damage packet 2000; }

@test "plans with random damage are read or refused" { damage plan 1000; }

@test "models with random damage are read or refused" { damage model 1000; }

@test "result documents with random damage are taken or refused" { damage results 300; }

@test "saved knobs with random damage restore what is theirs and touch nothing else" { damage state 300; }

@test "trees of sysfs with random damage are read or refused" { damage sysfs 50; }
