#!/usr/bin/env bats
# bats file_tags=offline
# Spools that are made of a real recording: streams that end before others, as after a power failure.
load helpers

test_setup() {
    skip_unless erg-record erg-analyze jq python3
    tar -xf "$ERG_SRC/tests/golden/recording/convnet.erg"
    mkdir a.spool
    cp -r convnet/trace/0000 a.spool/ust
    cp convnet/manifest.json a.spool/
    jq '{run_id, begin_ns, record_begin_ns}' convnet/summary.json >a.spool/state.json
}

# cut NAME N: this stream without its last N packets; prints when the one before them ends, in ns.
cut_stream() {
    python3 - "a.spool/ust/uid/0/64-bit/$1" "$2" <<'END'
import os, struct, sys
data = open(sys.argv[1], "rb").read()
at = [0]
while at[-1] < len(data):
    at.append(at[-1] + struct.unpack_from("<Q", data, at[-1] + 56)[0] // 8)
last = len(at) - 1 - int(sys.argv[2])
os.truncate(sys.argv[1], at[last])
print(struct.unpack_from("<Q", data, at[last - 1] + 40)[0])
END
}

# recovered KEY: of the summary of a.erg, which is made of the spool
recovered() { tar -xOf a.erg a/summary.json | jq -r "$1"; }

@test "recover: what one stream lacks at the end is no part of the run" {
    end=$(cut_stream layers_1 2)
    last=$(for s in layers_0 samples_0 samples_1; do cut_stream $s 0; done | sort -n | tail -1)
    erg-record recover a.spool -o a.erg
    [ ! -e a.spool ]
    [ "$(recovered .complete)" = false ]
    [ "$(recovered .end_ns)" = "$end" ]
    [ "$(recovered .record_end_ns)" = "$last" ]
    lacks=$(printf '%d.%06d' $(((last - end) / 1000000000)) $(((last - end + 500) / 1000 % 1000000)))
    [[ "$(recovered .reason)" == *"; its last $lacks s are no part of the run, since streams end before it, uid/0/64-bit/layers_1 first" ]]
    # as long as the run is said to be, and not a layer after it
    erg-analyze layers --format json a.erg >a.json 2>said
    jq -e --argjson to "$end" --argjson from "$(recovered .begin_ns)" \
        '.runs[0].time_s - ($to - $from) / 1e9 | fabs < 1e-6' a.json
    grep -q 'the recording ended early: recovered from .*/layers_1 first' said
}

@test "recover: a stream on which nothing happens takes nothing from the run but the time until its packet would have come" {
    cut_stream layers_0 2 >/dev/null # until 5476.3, and then quiet as it was from 5471.3 to 5475.2
    last=$(cut_stream layers_1 0)
    [ "$(cut_stream samples_1 0)" -le "$last" ]
    erg-record recover a.spool -o a.erg
    [ "$(recovered .end_ns)" = $((last - 2000000000)) ]
    [[ "$(recovered .reason)" == *"its last 2.000000 s are no part of the run"*"layers_0 first" ]]
}

@test "recover: streams that end together end the run" {
    for s in layers_0 layers_1 samples_0 samples_1; do cut_stream $s 0; done | sort -n >ends
    erg-record recover a.spool -o a.erg
    [ "$(recovered .end_ns)" = "$(head -1 ends)" ]
    [[ "$(recovered .reason)" == *"its last 0.000"* ]]
    [ "$(recovered .record_end_ns)" = "$(tail -1 ends)" ]
}
