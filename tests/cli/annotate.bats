# erg-record --annotate with the adapters in C, end to end: what the framework says comes out of
# erg-analyze as layers. No power is read: layers that readings cannot tell apart would be one row.
# bats file_tags=apart
load helpers

record() {
    local adapter=$1
    shift
    erg-record run --force -o run.erg -s procstat --annotate "$adapter" -- "$@" >out 2>err ||
        { cat err; return 1; }
    erg-analyze layers --format json run.erg >layers.json 2>>err
}

# layer NAME FILTER: the layer of that name fulfils the filter
layer() {
    jq -e --arg n "$1" ".runs[0].layers[] | select(.name == \$n) | $2" layers.json
}

@test "--annotate nvtx: ranges are layers of the domain's network" {
    skip_unless erg-record erg-analyze
    record nvtx "$ERG_BUILD/tests/trace/nvtx-app" push:conv1 sleep:40 pop push:fc sleep:20 pop
    layer conv1 '.calls == 1 and .network == "nvtx-app" and .time_s.value > 0.03'
    layer fc '.calls == 1'
}

@test "--annotate nvtx: MACs that differ from call to call are their mean" {
    skip_unless erg-record erg-analyze
    fc() { printf "push:{'Module': 'top.fc', 'TrainableParams': {'weight': [20, 30]}, 'Inputs': [[%d, 30]]}" "$1"; }
    record nvtx "$ERG_BUILD/tests/trace/nvtx-app" "push:{'Module': 'top'}" "$(fc 1)" sleep:20 pop \
        "$(fc 4)" sleep:20 pop "$(fc 7)" sleep:20 pop pop
    layer top.fc '.calls == 3 and .macs == 4 * 600 and .type == "fc" and .counters.MACs == 12 * 600'
    layer top '.calls == 1 and .macs == 0'
}

@test "--annotate itt: oneDNN's primitives are layers with their MACs" {
    skip_unless erg-record erg-analyze
    [ -x "$ERG_BUILD/examples/onednn/onednn-net" ] || skip "oneDNN's headers are not installed"
    OMP_NUM_THREADS=1 record itt "$ERG_BUILD/examples/onednn/onednn-net" 20
    layer 'convolution 1x64x28x28 w128x64x1x1 -> 1x128x28x28' \
        '.calls == 20 and .type == "conv" and .macs == 6422528'
    grep -q '^class' out
}

@test "--annotate auto: a program without any annotation runs as ever" {
    skip_unless erg-record erg-analyze
    record auto sh -c 'echo hello; exit 0'
    [ "$(cat out)" = hello ]
}

@test "--annotate auto: programs that it does not concern load one library more, which needs the C library alone" {
    skip_unless erg-record readelf nm
    local adapters=$ERG_BUILD/tracepoints/adapters
    record auto sh -c 'echo "${LD_PRELOAD##*/}"; cat /proc/self/maps' || false
    [ "$(head -1 out)" = liberg-auto.so ]
    [ "$(grep -o '/liberg[^ ]*\|/libgcc[^ ]*' out | sort -u)" = "$(readlink -f "$adapters/liberg-auto.so" | grep -o '/liberg-auto.*')" ]
    # it has all functions of those that it stands for, and no others
    [ "$(readelf -d "$adapters/liberg-auto.so" | grep -c '(NEEDED)')" -eq 1 ]
    functions() { nm -D --defined-only "$@" | awk '$2 == "T" { print $3 }' | sort -u; }
    diff <(functions "$adapters/liberg-auto.so") \
        <(functions "$adapters/liberg-llama.so" "$adapters/liberg-onnxruntime.so" "$adapters/liberg-opencv.so")
}

@test "a program annotated for Streamline needs no --annotate" {
    skip_unless erg-record erg-analyze
    [ -x "$ERG_BUILD/examples/streamline/lenet" ] || skip "the examples are not built"
    erg-record run -o run.erg -s procstat -- "$ERG_BUILD/examples/streamline/lenet" 50 >out 2>err
    erg-analyze layers --format json run.erg >layers.json
    layer C3 '.calls == 50 and .type == "conv" and .counters["lenet: images"] == 0'
    layer SOFTMAX '.calls == 50 and .counters["lenet: images"] == 50'
}
