# Memory that is refused, and disks that are full or broken at any call: what cannot be made is said, never left out.
# bats file_tags=offline
load helpers

@test "an allocation that fails anywhere in the analyzer is told" {
    skip_unless jq
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    "$ERG_SRC/tests/faults" 25 erg-analyze layers --jobs 1 --format json run.erg
    "$ERG_SRC/tests/faults" 15 erg-analyze layers --jobs 1 run.erg
    "$ERG_SRC/tests/faults" 10 erg-analyze totals --no-cache --jobs 1 run.erg
    ERG_FAULTS_PART=1/6 "$ERG_SRC/tests/faults" ways erg-analyze info --jobs 1 run.erg
}

# What shows a document takes for granted that it is whole.
@test "an allocation that fails ends no verb by a signal, wherever its document is made" {
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    "$ERG_SRC/tests/faults" verify.c erg-analyze verify --jobs 1 run.erg
    "$ERG_SRC/tests/faults" info.c erg-analyze info --jobs 1 run.erg
}

# Of what is freed, all was set.
@test "an allocation that fails among those of an account is told" {
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    for file in parts.c parts_layers.c parts_context.c parts_latency.c parts_view.c numbered.c; do
        "$ERG_SRC/tests/faults" $file erg-analyze layers --per iteration --by phase --jobs 1 run.erg
    done
}

@test "an allocation that fails anywhere in an export is told, and leaves no file" {
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    for form in perfetto perfetto-json folded csv; do
        ERG_FAULTS_PART=1/60 "$ERG_SRC/tests/faults" ways erg-analyze export --to "$form" --jobs 1 run.erg -o OUT
    done
}

@test "an allocation that fails anywhere in the import is told, and no archive is left" {
    skip_unless erg-record
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i < 500; i++) printf "%.3f,%d.5\n", i / 100, 3 + i % 5 }' >s.csv
    "$ERG_SRC/tests/faults" 25 "$ERG_BUILD/record/import/erg-import" --force --samples s.csv -o s.erg
    [ -z "$(ls -A | grep -v -e '^s\.csv$' -e '^s\.erg$')" ]
}

# A kernel whose seccomp(2) has no listener: nothing can be made to fail.
fails_calls() {
    local rc=0
    "$ERG_BUILD/tests/tools/failing-call" write true 2>/dev/null || rc=$?
    [ "$rc" -ne 77 ] || skip "no listener of system calls here"
}

@test "a disk that is full or broken at any call of an output is told, and leaves nothing" {
    skip_without page
    skip_unless erg-record
    fails_calls
    export ERG_FAULTS_PROGRAM=erg-
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    erg-analyze layers run.erg >/dev/null 2>&1
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i < 500; i++) printf "%.3f,%d.5\n", i / 100, 3 + i % 5 }' >s.csv
    for fault in write:ENOSPC write:EIO write:short write:EINTR sync:EIO open:EMFILE rename:ENOSPC close:EIO; do
        ERG_FAULTS_PART=1/9 "$ERG_SRC/tests/faults" $fault erg-analyze report --jobs 1 run.erg -o OUT
        ERG_FAULTS_PART=1/3 "$ERG_SRC/tests/faults" $fault erg-analyze export --to sqlite --jobs 1 run.erg -o OUT
        ERG_FAULTS_PART=1/2 "$ERG_SRC/tests/faults" $fault "$ERG_BUILD/record/import/erg-import" --samples s.csv -o OUT
    done
    ERG_FAULTS_PART=1/10 "$ERG_SRC/tests/faults" write:ENOSPC erg-analyze export --to csv --jobs 1 run.erg -o OUT
    # the reason is the disk's, also where only the end of the file is written
    run -1 bash -c 'ulimit -f 40; exec erg-analyze export --to csv run.erg -o made'
    [[ "$output" == *"made: cannot be written: File too large" ]]
}

@test "a folder that cannot be synced once an archive has its name is told, and nothing has that name; --force says what it left" {
    skip_unless erg-record
    fails_calls
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i < 500; i++) printf "%.3f,%d.5\n", i / 100, 3 + i % 5 }' >s.csv
    failing() { "$ERG_BUILD/tests/tools/failing-call" -x erg- "$@"; }
    failing -n count sync "$ERG_BUILD/record/import/erg-import" --samples s.csv -o whole.erg
    last=$(cat count) # the folder's
    run -1 failing -e EIO -a "$last" sync "$ERG_BUILD/record/import/erg-import" --samples s.csv -o made.erg
    [[ "$output" == *"made.erg: its folder: Input/output error" ]]
    [ "$(ls)" = "$(printf '%s\n' count s.csv whole.erg)" ]
    run -1 failing -e EIO -a "$last" sync "$ERG_BUILD/record/import/erg-import" --force --samples s.csv -o whole.erg
    [[ "$output" == *"whole.erg is whole, and may be lost by a power cut: Input/output error" ]]
    erg-analyze verify whole.erg
    # folders of some file systems cannot be synced
    failing -e EINVAL -a "$last" sync "$ERG_BUILD/record/import/erg-import" --samples s.csv -o made.erg
    erg-analyze verify made.erg
}

@test "no more processes, threads or files while an archive is unpacked and decoded: told" {
    fails_calls
    export ERG_FAULTS_PROGRAM=erg-
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    for fault in start:EAGAIN open:EMFILE close:EIO; do
        "$ERG_SRC/tests/faults" $fault erg-analyze totals --no-cache --jobs 1 run.erg
    done
    for fault in write:ENOSPC write:short mkdir:ENOSPC read:EIO; do
        ERG_FAULTS_PART=1/7 "$ERG_SRC/tests/faults" $fault erg-analyze totals --no-cache --jobs 2 run.erg
    done
}
