#!/usr/bin/env bats
# bats file_tags=offline
# A recording of 2026 gives the numbers that it gave: tests/golden/README.md.
load helpers

test_setup() {
    skip_unless erg-analyze jq
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" .
}

# differences WANTED GOT: every key of WANTED that GOT lacks or has otherwise; more keys are fine.
differences() {
    jq -nr --slurpfile w "$1" --slurpfile g "$2" '
        def differ($w; $g; $at):
            if [$w, $g | type] == ["object", "object"] then
                $w | keys[] as $k |
                if $g | has($k) then differ($w[$k]; $g[$k]; $at + [$k])
                else "\($at + [$k] | tojson) is missing" end
            elif [$w, $g | type] == ["array", "array"] and ($w | length) == ($g | length) then
                range($w | length) as $i | differ($w[$i]; $g[$i]; $at + [$i])
            elif $w == $g then empty
            else "\($at | tojson): \($w | tojson) became \($g | tojson)" end;
        differ($w[0]; $g[0]; [])'
}

@test "golden: a recording gives the same numbers as ever" {
    for verb in layers totals info; do
        erg-analyze "$verb" --format json convnet.erg >$verb.json 2>/dev/null
        [ "$(jq 'keys | length' "$ERG_SRC/tests/golden/recording/$verb.json")" -gt 3 ]
        differences "$ERG_SRC/tests/golden/recording/$verb.json" $verb.json >$verb.differ
        head -40 $verb.differ
        [ ! -s $verb.differ ]
    done
}

@test "golden: and with one job or four" {
    erg-analyze layers --jobs 1 --format json convnet.erg >one.json 2>/dev/null
    erg-analyze layers --jobs 4 --format json convnet.erg >four.json 2>/dev/null
    cmp one.json four.json
}

@test "golden: what differs is found" {
    want=$ERG_SRC/tests/golden/recording/layers.json
    jq '.runs[0].layers[0].time_s.value *= 1.00000001' "$want" >moved.json
    [ "$(differences "$want" moved.json | wc -l)" -eq 1 ]
    jq 'del(.runs[0].sensor)' "$want" >less.json
    [[ "$(differences "$want" less.json)" == '["runs",0,"sensor"] is missing' ]]
    jq '.runs[0].layers |= .[1:]' "$want" >short.json
    [ "$(differences "$want" short.json | wc -l)" -eq 1 ]
    jq '.more = 1 | .runs[0].layers[0].more = {a: 1}' "$want" >more.json
    [ -z "$(differences "$want" more.json)" ]
}

@test "golden: its sums are those of sha256sum, and its events those of babeltrace2" {
    skip_unless babeltrace2 zstd
    tar -xf convnet.erg
    (cd convnet && sha256sum -c --quiet SHA256SUMS)
    babeltrace2 convnet/trace >text
    # the network, its module and six layers, 157 times each
    [ "$(grep -c 'ergtrace:layer_define: ' text)" -eq 8 ]
    [ "$(grep -c 'ergtrace:layer: ' text)" -eq $((8 * 157)) ]
    erg-analyze layers --format json convnet.erg >layers.json 2>/dev/null
    jq -e '[.runs[0].layers[] | .name, .merged_with[]] | length == 6' layers.json
    jq -e '.runs[0].layers | all(.calls == 157)' layers.json
}
