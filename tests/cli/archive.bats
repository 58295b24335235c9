# The archive by standard tools, cut, damaged and hostile (formats/FORMAT.md).
# bats file_tags=offline
load helpers

pack() { "$ERG_BUILD/tests/tools/erg-pack" "$@"; }

# A small folder with a manifest and two chunks that babeltrace2 wrote.
make_tree() {
    mkdir -p tree
    printf '{"format": "erg-manifest", "version": 1}\n' >tree/manifest.json
    printf '{"format": "erg-summary", "version": 1}\n' >tree/summary.json
    local i
    for i in 0000 0001 0002; do
        seq 400 | sed 's/.*/[ &.5] line &/' |
            babeltrace2 convert --component=src:source.text.dmesg \
                --component=sink.ctf.fs --params="path=\"tree/trace/$i\",quiet=true$(ctf_1)"
    done
}

@test "tar, sha256sum and babeltrace2 read an archive" {
    make_tree
    pack tree run.erg
    tar -xf run.erg
    cd run
    sha256sum -c SHA256SUMS
    if [ -z "$(ctf_1)" ]; then # 2.1.1 aborts when it reads what its own sink.ctf.fs has written of such lines
        [ "$(babeltrace2 trace | wc -l)" -eq 1200 ]
    fi
    diff -r ../tree/trace trace
    [ "$(tar -tf ../run.erg 2>&1 | grep -vc '^run/')" -eq 0 ]
    zstd -t ../run.erg
}

@test "a name that is not ASCII, with blanks, unpacks to itself" {
    make_tree
    pack tree 'mesure été.erg'
    tar -xf 'mesure été.erg'
    [ -f 'mesure été/manifest.json' ]
    pack --list 'mesure été.erg' | grep -q '^manifest.json '
}

@test "an archive cut at 20 random places yields every complete member before the cut" {
    make_tree
    pack tree run.erg
    pack --list run.erg >whole
    size=$(stat -c %s run.erg)
    RANDOM=4711
    for _ in $(seq 20); do
        cut=$(((RANDOM * 32768 + RANDOM) % size))
        head -c $cut run.erg >cut.erg
        awk -v cut=$cut '$3 + $4 <= cut' whole >expected
        if [ -s expected ]; then
            pack --list cut.erg >got
            grep -q '^damage: cut.erg: ' got
            diff expected <(grep -v '^damage: ' got)
            while read -r name _; do
                pack --cat cut.erg "$name" | cmp - <(pack --cat run.erg "$name")
            done <expected
        else
            run pack --list cut.erg
            [ "$status" -eq 1 ]
            [ "${#lines[@]}" -eq 1 ]
        fi
    done
}

@test "golden archives are read as ever" {
    cd "$ERG_SRC/tests/golden/archive/read"
    for f in *.erg; do
        # zstd before 1.5 says it otherwise
        diff "${f%.erg}.list" <(pack --list "$f" | sed 's/(Corrupted block detected;/(Data corruption detected;/')
        pack --manifest "$f" | jq -e '.tags.golden == "v1"'
    done
}

@test "golden archives that must be refused are, with one line that names them" {
    cd "$ERG_SRC/tests/golden/archive/refuse"
    for f in *.erg; do
        run pack --manifest "$f"
        echo "$f: $output"
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == *"$f"* ]]
    done
}

@test "the same tree gives the same bytes, at another time and in another locale" {
    make_tree
    pack tree run.erg
    mv run.erg first.erg
    sleep 1
    touch tree/manifest.json
    LC_ALL=C.UTF-8 pack tree run.erg
    cmp first.erg run.erg
}

@test "a chunk that is CTF 2 is read where babeltrace2 is 2.1 or later, and else said to be one" {
    skip_unless erg-record erg-analyze
    awk 'BEGIN { print "time_s,CPU [W]"; for (i = 0; i < 400; i++) printf "%.2f,%g\n", i / 100, i < 200 ? 8 : 5 }' >s.csv
    printf '%s\n' begin_s,end_s,layer 0.1,1.9,conv 2.1,3.9,fc >l.csv
    erg-record import --samples s.csv --layers l.csv -o n.erg
    tar -xf n.erg
    if babeltrace2 --version | grep -q 'Babeltrace 2\.0\.'; then
        printf '\036{"type":"preamble","version":2}\n' >n/trace/0000/metadata
        pack n two.erg
        run -1 erg-analyze layers two.erg
        [[ "$output" == *"two.erg: nothing of its trace can be read: chunk 0000: it is CTF 2, which babeltrace2 reads since 2.1; here is 2.0."* ]]
        run -1 erg-analyze verify two.erg
        [[ "$output" == *"it is CTF 2"* ]]
        return
    fi
    babeltrace2 n/trace/0000 -c sink.ctf.fs -p 'path="two"'
    m=$(find two -name metadata)
    [ "$(head -c 1 "$m" | od -An -tx1 | tr -d ' ')" = 1e ]
    rm -r n/trace/0000
    mv "${m%/metadata}" n/trace/0000
    pack n two.erg
    erg-analyze verify two.erg
    erg-analyze layers --format json n.erg 2>/dev/null | jq -S '.runs[0].layers' >n.json
    erg-analyze layers --format json two.erg 2>/dev/null | jq -S '.runs[0].layers' | diff n.json -
    jq -e 'length == 2 and all(.calls == 1)' n.json
}
