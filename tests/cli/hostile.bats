# Archives that were made to cost: each is refused in a line, and soon.
# bats file_tags=apart
load helpers

# member PATH: the frame of one member, without the tar's end (formats/FORMAT.md, by tar and zstd alone).
member() {
    tar --format=ustar -b1 --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - "$1" |
        head -c $((512 + ($(stat -c %s "$1") + 511) / 512 * 512)) | zstd -q
}

# A chunk of SIZE bytes that say nothing, in bomb.erg.
bomb() {
    mkdir -p run/trace/0000
    printf '{"format": "erg-manifest", "version": 1}\n' >run/manifest.json
    printf '/* CTF 1.8 */\n' >run/trace/0000/metadata
    truncate -s "$1" run/trace/0000/stream
    for f in run/manifest.json run/trace/0000/metadata run/trace/0000/stream; do member "$f"; done >bomb.erg
}

@test "a trace whose decoding never ends: its decoder is stopped, and that is the reason" {
    dir=$ERG_SRC/tests/golden/archive/endless
    for f in "$dir"/*.erg; do
        run -1 erg-analyze layers "$f"
        [[ "$output" == *"${f##*/}: nothing of its trace can be read: chunk 0000: "* ]]
        # babeltrace2 2.1 sees by itself what is wrong
        babeltrace2 --version | grep -q 'Babeltrace 2\.0\.' || continue
        [[ "$output" == *": decoding took too long and was stopped" ]]
    done
    babeltrace2 --version | grep -q 'Babeltrace 2\.0\.' || return 0
    run -1 erg-analyze verify "$dir/event-empty.erg"
    [[ "$output" == *"chunk 0000: decoding took too long"* ]]
    erg-analyze info "$dir/packet-size.erg" 2>err
    grep 'decoding took too long' err
}

@test "an archive that would fill a disk is not unpacked" {
    skip_unless zstd tar
    bomb 300M
    [ "$(stat -c %s bomb.erg)" -lt 100000 ]
    run -1 erg-analyze layers bomb.erg
    [[ "$output" == *"bomb.erg: nothing of its trace can be read: chunk 0000: it says that its "*" bytes unpack to "*": expected at most "* ]]
    # what is small may be as regular as it likes
    bomb 8M
    run erg-analyze layers bomb.erg
    [[ "$output" != *"it says that"* ]]
}

@test "frames without end that are no member's: as many are looked at as are in proportion to the file" {
    skip_unless zstd python3
    printf '' | zstd -q >none
    python3 -c 'open("frames.erg", "wb").write(open("none", "rb").read() * 200000)'
    run -1 erg-analyze info frames.erg
    [[ "$output" == *"frames.erg: no tar header (frame at byte 0); 1"???" frames are no member's: what follows byte "*" was not looked at" ]]
    # behind members: what is there is read, and verify says that it is not all
    cat "$ERG_SRC/tests/golden/recording/convnet.erg" frames.erg >behind.erg
    erg-analyze layers behind.erg >layers.txt
    run -1 erg-analyze verify behind.erg
    # a seek table of frames without bytes
    python3 - "$ERG_SRC/tests/golden/recording/convnet.erg" <<'END'
import struct, sys
a = open(sys.argv[1], "rb").read()
t = b"".join(struct.pack("<III", *e) for e in [(0, 0, 0), (len(a), 100, 0)]) + struct.pack("<IBI", 2, 0x80, 0x8F92EAB1)
open("seek.erg", "wb").write(a + struct.pack("<II", 0x184D2A5E, len(t)) + t)
END
    run -1 erg-analyze layers seek.erg
    [[ "$output" == *"seek.erg: the seek table has a frame without bytes (at byte 0): refused" ]]
}

@test "an archive without a trace gives no table" {
    skip_unless zstd tar
    mkdir run
    printf '{"format": "erg-manifest", "version": 1}\n' >run/manifest.json
    member run/manifest.json >cut.erg
    run -1 erg-analyze layers cut.erg
    [[ "$output" == *"cut.erg: its trace is missing: expected trace/NNNN/"* ]]
}

@test "more layers than can be told apart: times, the energy of the whole, and why there is no more" {
    skip_unless erg-record jq
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i <= 200; i++) printf "%.3f,%d.00\n", i * 0.05, 4 + 2 * (i % 2) }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer"; for (i = 0; i < 5001; i++) printf "%.6f,%.6f,layer%d\n", i * 0.001, (i + 1) * 0.001, i }' >l.csv
    erg-record import --samples s.csv --layers l.csv -o a.erg
    erg-analyze layers --format json a.erg >layers.json 2>err
    grep -q 'warning: a.erg: 5001 layers ran: energy is attributed to at most 5000; all are unresolved' err
    # 10 s at 5 W in the mean
    jq -e '.runs[0].ets_j | .lo < 50 and 50 < .hi and .hi - .lo < 5' layers.json
    jq -e '[.runs[0].layers[] | select(.energy_j.reason == "too-many" and .energy_j.value == null and
        .time_s.value > 0.0009 and .time_s.value < 0.0011)] | length == 5001' layers.json
    erg-analyze layers --top 3 a.erg | grep 'too many layers'
}

@test "networks whose layers come in any order: what each ran is that of its most called layer" {
    skip_unless erg-record jq
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i <= 200; i++) printf "%.3f,%d\n", i * 0.05, 4 + 2 * (i % 2) }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,network"; for (i = 0; i < 90; i++)
        printf "%.1f,%.1f,%s\n", i / 10, (i + 1) / 10, i % 3 == 0 ? "x,a" : i % 3 == 1 ? "y,b" : i % 2 ? "z,a" : "w,b" }' >l.csv
    erg-record import --samples s.csv --layers l.csv -o a.erg
    erg-analyze layers --format json a.erg >layers.json
    jq -e '[.runs[0].layers[] | select(.calls > 0) | [.name, .network, .calls, .inferences]] | sort ==
        [["w", "b", 15, 30], ["x", "a", 30, 30], ["y", "b", 30, 30], ["z", "a", 15, 30]]' layers.json
}

# JSON takes UTF-8 only: what cannot be put into it must not be missing.
@test "an archive whose name is no UTF-8 is read, and its damage is told" {
    skip_unless jq
    name=$'caf\xe9.erg'
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" "$name"
    for verb in layers totals info; do
        run -0 erg-analyze $verb --format json "$name"
    done
    erg-analyze verify --format json "$name" >good.json
    [ "$(jq -r '.files[0] | "\(.archive) \(.ok)"' good.json)" = "caf?.erg true" ]
    erg-analyze layers --format json "$name" >layers.json 2>/dev/null
    [ "$(jq -r '.runs[0].archive' layers.json)" = "caf?.erg" ]
    [ "$(jq '.warnings | length' layers.json)" -ge 2 ]
    cp "$name" plain.erg
    erg-analyze layers --format json plain.erg 2>/dev/null | jq '.warnings | length' >warnings
    [ "$(jq '.warnings | length' layers.json)" = "$(cat warnings)" ]
    printf 'xxxxxxxx' | dd of="$name" bs=1 seek=20000 conv=notrunc status=none
    run -1 erg-analyze verify --format json "$name"
    echo "$output" | sed -n "/^{/,\$p" >bad.json
    [ "$(jq -r '.files[0].ok' bad.json)" = false ]
    [ "$(jq '.files[0].problems | length' bad.json)" -ge 1 ]
    [[ "$(jq -r '.files[0].problems[0]' bad.json)" == "caf?.erg: "* ]]
}

@test "a recording whose numbers and times leave no room is joined with nothing" {
    skip_unless jq erg-record
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    chmod -R u+w convnet
    cp -r convnet good
    awk 'BEGIN { print "time_ns,VDD [W]"; for (i = 0; i < 100; i++) printf "%.0f,3\n", 5471043040651 + i * 5e7 }' >s.csv
    # joined NAME: convnet with s.csv
    joined() {
        "$ERG_BUILD/tests/tools/erg-pack" convnet "$1.erg"
        erg-record import --onto "$1.erg" --samples s.csv --time-offset 0 -o "$1-joined.erg"
    }
    run -0 joined as_it_is
    jq '.sources[0].id = 4294967295' good/manifest.json >convnet/manifest.json
    run -1 joined source
    [[ "$output" == *"sources[0].id: a number from 0 to 999999999 was expected" ]]
    cp good/manifest.json convnet/
    for key in begin_ns end_ns record_begin_ns record_end_ns; do
        jq ".$key = (if \"$key\" | test(\"begin\") then -9223372036854775000 else 9223372036854775000 end)" \
            good/summary.json >convnet/summary.json
        run -1 joined "$key"
        [[ "$output" == *"its times were expected within 126 years" ]]
    done
    cp good/summary.json convnet/
    mv convnet/trace/0000 convnet/trace/4294967295
    run -1 joined chunk
    [[ "$output" == *"trace/4294967295/"*"a number of a chunk was expected" ]]
}

@test "a summary that is there and cannot be read is no recording that was cut: the reason is its own" {
    skip_unless zstd tar
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    mv convnet run
    # with COMMAND…: the archive whose summary is what it prints
    with() {
        "$@" >run/summary.json
        for f in run/manifest.json $(find run/trace -type f | sort) run/summary.json; do
            member "$f"
        done >with.erg
    }
    large() { printf '{"format": "erg-summary", "version": 1, "complete": true%*s}' 68000000 ''; }
    chmod -R u+w run
    with large
    run -1 erg-analyze verify with.erg
    [[ "$output" == *"with.erg: no summary: it cannot be read: "*"summary.json has 680000"*" bytes, at most "* ]]
    erg-analyze info with.erg >info.txt 2>err
    grep 'no summary: it cannot be read: .*summary.json has ' err
    run ! grep 'no summary: the recording' err info.txt
    with echo '{"format": "erg-summary", "version": 1,'
    erg-analyze info with.erg 2>&1 >/dev/null | grep 'no summary: it cannot be read: summary.json: line 2: '
    with echo '[]'
    erg-analyze info with.erg 2>&1 >/dev/null | grep 'no summary: it cannot be read: summary.json: a JSON object was expected'
    with echo '{"format": "erg-manifest", "version": 1}'
    erg-analyze info with.erg 2>&1 >/dev/null | grep "no summary: it cannot be read: .*'erg-summary' was expected"
    with echo '{"format": "erg-summary", "version": 2}'
    erg-analyze info with.erg 2>&1 >/dev/null | grep 'no summary: it cannot be read: .*newer ergtrace'
    # of a folder the same, also where it would never end
    rm run/summary.json
    mkfifo run/summary.json
    timeout 60 erg-analyze info run 2>&1 >/dev/null | grep 'no summary: it cannot be read: .*summary.json: is no file'
    rm run/summary.json
    erg-analyze info run 2>&1 >/dev/null | grep 'no summary: the recording or the archive was cut'
}

@test "a summary without times, and a manifest that is none: told, with the archive's name" {
    skip_unless zstd tar jq
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    chmod -R u+w convnet
    jq 'del(.begin_ns)' convnet/summary.json >s.json
    mv s.json convnet/summary.json
    "$ERG_BUILD/tests/tools/erg-pack" convnet t.erg
    erg-analyze totals t.erg 2>&1 >/dev/null | grep 'warning: t.erg: the summary does not say when the run began and ended'
    run -1 erg-analyze verify t.erg
    awk 'BEGIN { printf "{\"format\": \"erg-manifest\", \"version\": 1, \"x\": "; for (i = 0; i < 200000; i++) printf "["; }' >convnet/manifest.json
    "$ERG_BUILD/tests/tools/erg-pack" convnet deep.erg
    run -1 erg-analyze layers deep.erg
    [[ "$output" == *"deep.erg: manifest.json: line 1: maximum parsing depth"* ]]
}

@test "memory that cannot be written into: the disk is taken" {
    skip_unless unshare
    unshare --user --map-root-user --mount true 2>/dev/null || skip "no namespaces here"
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    erg-analyze totals --no-cache run.erg >right
    unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o ro tmpfs /dev/shm || exit 77
        mkdir tmp && TMPDIR=$PWD/tmp exec erg-analyze totals --no-cache run.erg' >got
    cmp right got
    [ -z "$(ls -A tmp)" ]
}

# private COMMAND…: in a mount namespace, where /dev/shm and ./small have room for 4 MiB and TMPDIR is ./small;
# all that is left in them at the end goes to left.
private() {
    skip_unless unshare
    unshare --user --map-root-user --mount true 2>/dev/null || skip "no namespaces here"
    mkdir -p small
    unshare --user --map-root-user --mount sh -c '
        mount -t tmpfs -o size=4m tmpfs /dev/shm && mount -t tmpfs -o size=4m${INODES:+,nr_inodes=$INODES} tmpfs small ||
            exit 77
        [ -z "${INODES:-}" ] || mount --bind small /dev/shm
        TMPDIR=$PWD/small "$@"
        rc=$?
        find /dev/shm small -mindepth 1 >left
        exit $rc' sh "$@"
}

# convnet_with FILE…: run.erg of the recording in run/ and of FILE.
convnet_with() {
    for f in run/manifest.json $(find run/trace -type f | sort) "$@" run/summary.json; do member "$f"; done >run.erg
}

@test "verify reads an archive of any size in little memory, and unpacks nothing but chunks" {
    skip_unless zstd tar prlimit
    private true
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    mv convnet run
    truncate -s 700M run/more
    convnet_with run/more
    run -1 private prlimit --as=400000000 erg-analyze verify run.erg
    # the seek table is what zstd alone does not write; there is nothing else
    [ "$(grep -c '^run.erg: ' <<<"$output")" -eq 1 ]
    [[ "$output" == *"run.erg: the seek table is missing or wrong"*"12 complete members"* ]]
    [ ! -s left ]
    # the sum is of the whole: one byte of it is wrong
    at=$("$ERG_BUILD/tests/tools/erg-pack" --list run.erg | sed -n 's/^more [0-9]* \([0-9]*\) .*/\1/p')
    printf x | dd of=run.erg bs=1 seek=$((at + 9000)) conv=notrunc status=none
    run -1 private prlimit --as=400000000 erg-analyze verify run.erg
    # by zstd, of whose version it depends where the byte is, or by the sum
    [[ "$output" == *"run.erg: "@(damaged data|checksum mismatch)" ("*"frame at byte $at)"* ]]
    [ ! -s left ]
}

@test "no room for a chunk: said before anything is unpacked, and nothing is left" {
    skip_unless zstd tar
    private true
    mkdir -p run/trace/0000
    printf '{"format": "erg-manifest", "version": 1}\n' >run/manifest.json
    printf '/* CTF 1.8 */\n' >run/trace/0000/metadata
    head -c 6000000 /dev/urandom >run/trace/0000/stream
    for f in run/manifest.json run/trace/0000/metadata run/trace/0000/stream; do member "$f"; done >large.erg
    for verb in layers totals verify 'export --to folded -o made'; do
        run -1 private erg-analyze $verb large.erg
        [[ "$output" == *"large.erg: "*"chunk 0000: unpacked it has 60000"*" bytes and "*"/small/erg-analyze-"*" has room for "*": TMPDIR can name another place"* ]]
        [ ! -s left ]
        [ ! -e made ]
    done
    # too few inodes for its files: the reason is the disk's
    rm -r run
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    mv convnet run
    convnet_with
    INODES=6 private erg-analyze layers --no-cache run.erg >out 2>err || [ $? -eq 1 ]
    grep 'chunk 0000: .*No space left on device' err
    [ ! -s left ]
    # what is refused for its ratio leaves nothing, either
    bomb 300M
    for verb in layers verify; do
        run -1 private erg-analyze $verb bomb.erg
        [[ "$output" == *"it says that its "* ]]
        [ ! -s left ]
    done
}

@test "files that may not be large: what cannot be written is said, nobody dies of it, and the rest is there" {
    skip_without page
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i < 9000; i++) printf "%.3f,%d.5\n", i / 100, 3 + i % 5 }' >s.csv
    limited() { bash -c 'ulimit -f 20; exec "$@"' sh "$@"; }
    limited erg-analyze layers run.erg >out 2>err || [ $? -eq 1 ]
    grep 'chunk 0000: .*File too large' err
    run ! grep 'died' err
    run -1 limited erg-analyze report run.erg -o r.html
    [[ "$output" == *"File too large"* ]]
    run -1 limited erg-record import --samples s.csv -o s.erg
    [ "$(ls -A)" = "$(printf 'err\nout\nrun.erg\ns.csv')" ]
}

@test "a name that a spreadsheet would run is a text in CSV, and any other is as it was" {
    skip_unless erg-record python3
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i <= 400; i++) printf "%.3f,%d\n", i * 0.05, 4 + 2 * (i % 2) }' >s.csv
    cat >names.py <<'END'
import csv, sys
run = ["=1+1", "=cmd|'/C calc'!A0", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+f(3)", "\r\n=2"]
plain = ["-3", "@main", "+x", "a=b", "a|b", "conv(3)", "'x", '"=1"', "a,b", "new\nline"]
if sys.argv[1] == "write":
    out = csv.writer(open("l.csv", "w", newline=""))
    out.writerow(["begin_s", "end_s", "layer"])
    for i in range(190):
        out.writerow(["%.3f" % (i / 10), "%.3f" % ((i + 1) / 10), (run + plain)[i % 16]])
else:
    got = [r["name"] for r in csv.DictReader(open(sys.argv[2], newline=""))]
    assert set(got) - {"(no layer)"} == {"'" + n for n in run} | set(plain), got
END
    python3 names.py write
    erg-record import --samples s.csv --layers l.csv -o a.erg
    erg-analyze layers --format csv a.erg >layers.csv 2>/dev/null
    python3 names.py read layers.csv
}

@test "an output that is no file gets what was written and stays what it is" {
    skip_without page
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    for form in 'export --to csv' 'export --to sqlite' report; do
        rm -f plain got
        erg-analyze $form run.erg -o plain 2>/dev/null >&2
        mkfifo pipe
        ln -s pipe link
        for to in pipe link; do
            cat pipe >got &
            timeout 100 erg-analyze $form run.erg -o $to 2>/dev/null >&2
            wait $!
            cmp got plain
        done
        [ -p pipe ]
        [ -L link ]
        rm pipe link
        run -1 erg-analyze $form run.erg -o /dev/full
        [[ "$output" == *"/dev/full: cannot be written: No space left on device"* ]]
        [ -c /dev/full ]
    done
    erg-analyze export --to csv run.erg -o /proc/self/fd/1 2>/dev/null >to
    erg-analyze export --to csv run.erg -o plain 2>/dev/null
    cmp to plain
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i < 500; i++) printf "%.3f,%d.5\n", i / 100, 3 + i % 5 }' >s.csv
    ln -s /dev/full link
    for to in /dev/full link; do
        run -1 erg-record import --force --samples s.csv -o $to
        [[ "$output" == *"$to: is not a regular file, cannot be replaced" ]]
    done
    if [ "$(id -u)" -eq 0 ] && mknod null c 1 3 2>/dev/null; then
        for form in 'export --to folded' 'export --to sqlite' report; do
            erg-analyze $form run.erg -o null 2>/dev/null >&2
            [ -c null ]
        done
    fi
    [ -z "$(find . -name '*.??????')" ]
}

@test "results with figures that nothing can be computed of are refused by all who read them" {
    skip_without page
    skip_unless jq
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" run.erg
    erg-analyze layers --format json run.erg >good.json 2>/dev/null
    for figure in 1e308 -1e61; do
        jq ".runs[0].layers[1].energy_j.value = $figure" good.json >bad.json
        for verb in "compare good.json bad.json" "sweep bad.json" "corun bad.json" "model fit bad.json --predictors macs" \
            "report bad.json -o made" "export --to sqlite bad.json -o made"; do
            run -1 erg-analyze $verb
            [[ "$output" == *"bad.json: a figure is ${figure/e/e+}: at most 1e+60 was expected" ]]
            [ ! -e made ]
        done
    done
    erg-analyze compare good.json good.json >/dev/null
}

@test "collect: any number of streams is found, and root makes no archive of another user's" {
    skip_unless erg-record
    for i in $(seq 300); do mkdir -p "relay/h/ergtrace-$i-0123456789abcdef-20260101-000000"; done
    erg-record collect --list --from relay >list
    [ "$(grep -c 'relay/h/ergtrace-' list)" -eq 300 ]
    need_other_user
    chown nobody relay/h/ergtrace-7-*
    run -1 erg-record collect --from relay --run ergtrace-7- -o a.erg
    [[ "$output" == *"relay/h/ergtrace-7-0123456789abcdef-20260101-000000: belongs to user $(id -u nobody): collect it as that user" ]]
    [ ! -e a.erg ]
}

@test "a pipe in a folder of results is waited for by nobody" {
    skip_without page
    mkdir res archives
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" archives/a.erg
    mkfifo res/a.layers.json archives/z.erg
    for verb in "sweep res" "compare res res" "report res -o made" "export --to sqlite res -o made" \
        "layers archives" "totals archives/z.erg" "verify archives/z.erg"; do
        timeout 60 erg-analyze $verb >err 2>&1 || [ $? -eq 1 ]
        grep '\(res/a.layers.json\|archives/z.erg\): a regular file was expected' err
        [ ! -e made ]
    done
    timeout 60 erg-analyze batch archives -o res >/dev/null 2>err || [ $? -eq 1 ]
    grep 'res/a.layers.json: is there, and no result of a batch' err
    mkdir st
    cp archives/a.erg st
    mkfifo st/index.json
    timeout 60 erg-analyze study st -o p.html >/dev/null 2>err || [ $? -eq 1 ]
    grep 'st/index.json: a regular file was expected' err
}
