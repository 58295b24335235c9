# The adapters in C: each is loaded as its framework loads it, and recorded by plain LTTng.
# bats file_tags=apart
load helpers
load lttng

dir=$ERG_BUILD/tracepoints/adapters
nvtx=$ERG_BUILD/tests/trace/nvtx-app
programs=(nvtx-app itt-app streamline-app onednn-net lenet prog real cuda-app)
test_setup() {
    lttng_setup
    export NVTX_INJECTION64_PATH=$dir/liberg-nvtx.so
}

@test "what is preloaded loads LTTng where its framework is used, and not before" {
    local lib seen=0
    for lib in "$dir"/liberg-{darknet,itt,llama,onnxruntime,opencv,streamline}.so; do
        [ -e "$lib" ] || continue
        seen=$((seen + 1))
        LD_PRELOAD=$lib cat /proc/self/maps >maps
        grep -q "${lib##*/}" maps
        run ! grep -E 'liberg\.so|lttng' maps
    done
    [ "$seen" -gt 0 ]
}

@test "nvtx: push and pop nest, the domain is the network" {
    start a
    run "$nvtx" push:net push:conv1 pop push:conv2 pop pop pop dpush:TRT=fc dpop:TRT
    stop a
    [ "$status" -eq 0 ]
    # The values that NVTX defines: the depth of the range, negative where none is open.
    diff - <<<"$output" <(printf '%s\n' 'push: 0' 'push: 1' 'pop: 1' 'push: 1' 'pop: 1' 'pop: 0' 'pop: -2')
    diff <(layers a) <(printf '%s\n' conv1 conv2 net fc)
    [ "$(events a 'layer_define.*name = "conv1", type = "range", network = "nvtx-app"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "fc", type = "range", network = "TRT"')" -eq 1 ]
    id=$(sed -n 's/.*{ id = \([0-9]*\), parent.* name = "net",.*/\1/p' a.txt)
    [ "$(events a "layer_define.*parent = $id, .*name = \"conv2\"")" -eq 1 ]
}

@test "nvtx: ranges that cross threads become spans" {
    start a
    "$nvtx" start:a start:b sleep:20 tend:a end:b end:a tend:zzz
    stop a
    [ "$(events a layer_span)" -eq 2 ]
    [ "$(events a 'track_define.*name = "ranges default", device = 0')" -eq 1 ]
    [ "$(events a 'layer: ')" -eq 0 ]
    read -r b e < <(sed -n 's/.*layer_span.*begin = \([0-9]*\), end = \([0-9]*\),.*/\1 \2/p' a.txt | head -1)
    [ $((e - b)) -ge 20000000 ]
}

@test "nvtx: categories, registered strings, wide strings, marks, thread names, payloads" {
    start a
    ERG_NVTX_PAYLOAD=macs "$nvtx" category:5=pool cpush:5=p1 pop rpush:D=reg dpop:D wpush:wide pop \
        mark:hi thread:worker ppush:1234=heavy pop >/dev/null
    stop a
    [ "$(events a 'layer_define.*name = "p1", type = "pool"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "reg", type = "range", network = "D"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "wide€"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "heavy",.*macs = 1234')" -eq 1 ]
    [ "$(events a 'marker.*text = "hi"')" -eq 1 ]
    [ "$(events a 'thread_define.*tid = 7, name = "worker"')" -eq 1 ]
    [ "$(events a marker)" -eq 1 ]
}

@test "nvtx: a child of a program with threads can go on" {
    [ "$("$nvtx" forks:100)" = "forks: done" ]
}

@test "nvtx: ERG_NVTX_LAYERS decides by domain and depth" {
    start a
    ERG_NVTX_LAYERS='0=network,1=module,noise:*=skip,bogus' "$nvtx" push:net push:block push:conv \
        pop pop pop dpush:noise=n1 dpush:noise=n2 dpush:noise=n3 dpop:noise dpop:noise dpop:noise >/dev/null
    stop a
    [ "$(events a 'layer_define.*level = 0, name = "net"')" -eq 1 ]
    [ "$(events a 'layer_define.*level = 1, name = "block", .*network = "net"')" -eq 1 ]
    [ "$(events a 'layer_define.*level = 2, name = "conv", .*network = "net"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "n3"')" -eq 0 ]
    [ "$(events a 'marker.*erg: ERG_NVTX_LAYERS: ."bogus."')" -eq 1 ]
}

@test "nvtx: unbalanced pops, overlapping domains, hostile names" {
    start a
    run "$nvtx" pop tpop dpop:none push:x dpush:D=y pop dpop:D push:z tpop pop big:1 bad
    stop a
    [ "$status" -eq 0 ]
    [[ "$output" == *"pop elsewhere: -2"* ]]
    # x ends while y is open within it: x is a span, y stays whole.
    [ "$(events a 'layer_span')" -eq 1 ]
    layers a >seq
    [ "$(sed -n 1p seq)" = y ]
    [ "$(sed -n 2p seq)" = z ]
    [ "$(events a 'layer_define.*name = "x\{502\}~[0-9a-f]\{8\}"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "[\?]\{3,6\}~[0-9a-f]\{8\}"')" -eq 1 ]
    [ "$(wc -l <seq)" -eq 4 ]
}

@test "nvtx: a range from before the session has no layer; nothing is defined without a session" {
    need_daemon
    alone
    launch "$nvtx" push:before push:inner pop wait push:after pop pop wait
    start a
    described
    go_on
    stop a
    exec 9>&-
    diff <(layers a) <(echo after)
    [ "$(events a 'layer_define.*name = "inner"')" -eq 0 ]
}

# calls NAME: name and calls of the layers that ended in the session
calls() { layers "$1" | LC_ALL=C sort | uniq -c | awk '{ n = $1; $1 = ""; print substr($0, 2) ": " n }' | LC_ALL=C sort; }

@test "nvtx: names as vLLM, SGLang and TensorRT write them: the module is the layer" {
    local step n args=() macs=0
    for step in 0 1 2 3 4 5; do
        n=$((1 + step * 37 % 200))
        macs=$((macs + n * 6144 * 4096))
        args+=("push:{'Module': 'top', 'Inputs': [[$n]]}"
            "push:{'Module': 'top.layers.0.qkv_proj', 'TrainableParams': {'weight': [6144, 4096]}, 'Inputs': [[$n, 4096]], 'StaticParams': {'in_features': 4096, 'out_features': 6144}}" pop
            "push:{'Module': 'top.embed_tokens', 'TrainableParams': {'weight': [4096, 6]}, 'Inputs': [[$n, 6]]}" pop
            "push:{'Module': 'top.conv', 'TrainableParams': {'weight': [8, 4, 3, 3], 'bias': [8]}, 'Inputs': [[2, 4, 10, 10]], 'StaticParams': {'Conv': {'in_chan': 4, 'stride': (2, 2), 'padding': (1, 1), 'dilation': (1, 1), 'transposed': False, 'groups': 1}}}" pop
            'push:{"Name": "conv1 + relu1", "tactic": 12}' pop
            "push:{ForeignNode[a_1...b_2]}" pop "push:{'broken" pop pop)
    done
    start a
    "$nvtx" "${args[@]}" >/dev/null
    stop a
    diff <(calls a) <(printf '%s: 6\n' 'conv1 + relu1' '{ForeignNode[a_1...b_2]}' top top.conv \
        top.embed_tokens top.layers.0.qkv_proj "{\\'broken" | LC_ALL=C sort)
    [ "$(events a 'layer_define.*name = "top.layers.0.qkv_proj", type = "fc", .*macs = 25165824, params = 25165824, .*in_shape = . .0. = 1, .1. = 4096 .*kernel_shape = . .0. = 6144, .1. = 4096 ')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "top.embed_tokens", type = "embedding", .*macs = 0,')" -eq 1 ]
    # 2 images, 5x5 outputs, 8 filters of 4x3x3.
    [ "$(events a "layer_define.*name = \"top.conv\", type = \"conv\", .*macs = $((2 * 5 * 5 * 8 * 4 * 9)), params = $((8 * 4 * 9 + 8)),")" -eq 1 ]
    # The MACs of all calls.
    sed -n 's/.*layer_counted: .*deltas = . .0. = \([1-9][0-9]*\) .*/\1/p' a.txt | sort -n | uniq -c >deltas
    [ "$(awk -v c=$((2 * 25 * 8 * 36)) '$2 == c { n = $1 } END { print n }' deltas)" -eq 6 ]
    [ "$(events a "layer_counted.*deltas = . .0. = $((38 * 6144 * 4096)) ")" -eq 1 ]
}

@test "nvtx: modules with the parameters that vLLM writes; a note on the call before is no call" {
    local step n args=() tensors
    for step in 1 2 3; do
        n=$((10 * step))
        # kind of module, shapes and parameters as nvtx_pytorch_hooks.py has them: all in one dictionary
        for tensors in "'Inputs': [[2, 3, 10, 10]]" "'Outputs': [[2, 8, 5, 5]]"; do
            args+=("push:{'Module': 'top.patch', 'TrainableParams': {'weight': [8, 3, 3, 3]}, $tensors, 'StaticParams': {'in_chan': 3, 'out_chan': 8, 'filter_dim': (3, 3), 'stride': (2, 2), 'padding': (1, 1), 'dilation': (1, 1), 'transposed': False, 'output_padding': (0, 0), 'groups': 1, 'padding_mode': 'zeros'}}" pop)
        done
        args+=("push:{'Module': 'top.up', 'TrainableParams': {'weight': [8, 3, 3, 3]}, 'Inputs': [[2, 8, 5, 5]], 'StaticParams': {'in_chan': 8, 'filter_dim': (3, 3), 'stride': (2, 2), 'transposed': True}}" pop
            "push:{'Module': 'top.same', 'TrainableParams': {'weight': [8, 3, 3, 3]}, 'Inputs': [[2, 3, 5, 7]], 'StaticParams': {'in_chan': 3, 'stride': (1, 1), 'padding': 'same'}}" pop
            "push:{'Module': 'top.pool', 'Inputs': [[2, 8, 5, 5]], 'StaticParams': {'filter_dim': [2, 2], 'stride': [2, 2], 'padding': [0, 0], 'dilation': [1, 1]}}" pop
            "push:{'Module': 'top.bn', 'Inputs': [[2, 8, 5, 5]], 'StaticParams': {'num_features': 8, 'epsilon': 1e-05, 'momentum': 0.1}}" pop
            "push:{'Module': 'top.awq', 'TrainableParams': {'qweight': [512, 64], 'scales': [4, 512]}, 'Inputs': [[$n, 512]], 'StaticParams': {'in_features': 512, 'out_features': 96}}" pop
            "push:{'Module': 'top.gptq', 'TrainableParams': {'qweight': [512, 64]}, 'Inputs': [[$n, 512]]}" pop
            "push:{'Module': 'top.gpt2', 'TrainableParams': {'weight': [512, 96]}, 'Inputs': [[$n, 512]]}" pop
            "push:{'Module': 'top.kwargs', 'positions': [[$n]]}" pop "push:{'Module': 'top.kwargs', 'Outputs': [[$n, 5]]}" pop)
    done
    start a
    "$nvtx" "${args[@]}" >/dev/null
    stop a
    start b
    ERG_NVTX_LAYERS=0=network "$nvtx" "${args[@]:0:8}" >/dev/null
    stop b
    sed -n 's/.*layer_define:.*level = 2, name = "\([^"]*\)", type = "\([^"]*\)",.* macs = \([0-9]*\), params = \([0-9]*\),.*/\1 \2 \3 \4/p' a.txt |
        sort >got
    # 2 images of 5x5 outputs, of 5x5 inputs where it is transposed, and of 5x7; 8 filters of 3x3x3. 10 rows.
    diff got <(printf '%s\n' "top.awq fc $((10 * 512 * 96)) $((512 * 96))" "top.bn norm 0 0" "top.gpt2 fc $((10 * 512 * 96)) $((512 * 96))" \
        "top.gptq range 0 0" "top.kwargs range 0 0" "top.patch conv $((2 * 25 * 216)) 216" "top.pool pool 0 0" \
        "top.same conv $((2 * 35 * 216)) 216" "top.up deconv $((2 * 25 * 216)) 216")
    diff <(calls a) <(printf 'top.%s: 3\n' awq bn gpt2 gptq kwargs patch pool same up)
    # As networks: each call is one iteration, and a note is none.
    [ "$(sed -n 's/.*layer_counted:.* iteration = \([0-9]*\),.*/\1/p' b.txt | xargs)" = "0 1 2" ]
}

@test "nvtx: dictionaries with other keys, orders, quotes and escapes" {
    start a
    "$nvtx" "push:{'Inputs': (torch.Size([5, 4]),), 'TrainableParams': {'weight': (8, 4)}, 'Module': \"top.it's\"}" pop \
        'push:{"Inputs": [[5.0, 4]], "module": "top.\u00e9\ud83d\ude00", "TrainableParams": {"weight": [8, 4]}}' pop \
        "push:{1: 'a', (2, 'b'): {'Module': 'x'}, None: [4], 'Module': 'top.a'}" pop \
        "push:{'Name': 'Linear', 'Module': 'top.layers.12.mlp', 'step': 3}" pop "push:{'name': 'Linear', 'module': 'top.layers.13.mlp', 'step': 3}" pop \
        "push:{'meta': {'name': 'inner'}, 'name': 'outer'}" pop "push:{'Module': 'top.cu" pop "push:{'Module': '', 'name': 'y'}" pop >/dev/null
    stop a
    diff <(layers a) <(printf '%s\n' "top.it's" 'top.é😀' top.a top.layers.12.mlp top.layers.13.mlp outer "{\\'Module\\': \\'top.cu" y | sed "s/it's/it\\\\'s/")
    [ "$(events a "layer_define.*name = \"top.it.*macs = $((5 * 4 * 8)), params = 32,")" -eq 1 ]
    [ "$(events a 'layer_define.*name = "top.é😀", type = "range", .*macs = 0, params = 32, .*in_shape = \[ \]')" -eq 1 ]
}

@test "nvtx: names as torch's emit_nvtx writes them: the operator is the layer" {
    start a
    "$nvtx" 'push:aten::conv2d, seq = 12, sizes = [[1, 3, 8, 8], [8, 3, 3, 3], []], input_op_ids = [(0,1)]' \
        pop 'push:aten::conv2d, seq = 13, sizes = [[1, 3, 8, 8], [8, 3, 3, 3], []]' pop \
        'push:aten::relu, op_id = 77' pop 'push:relu' pop >/dev/null
    stop a
    diff <(layers a) <(printf '%s\n' aten::conv2d aten::conv2d aten::relu relu)
    [ "$(events a 'layer_define.*name = "aten::conv2d", .*in_shape = . .0. = 1, .1. = 3, .2. = 8, .3. = 8 ')" -eq 1 ]
}

@test "nvtx: numbers that count make no layers; those that tell layers apart do" {
    local i args=()
    for i in 1 2 3; do
        args+=("push:step $i" push:conv1 pop push:conv2 pop "push:features.step.$i" pop
            "push:execute_context_$i(1$i)_generation_4(4)" pop "push:Batch: $i" pop "push:iter=$i" pop pop)
    done
    start a
    "$nvtx" "${args[@]}" >/dev/null
    stop a
    diff <(calls a) <(printf '%s\n' 'Batch: #: 3' 'conv1: 3' 'conv2: 3' \
        'execute_context_#(#)_generation_#(#): 3' 'features.step.1: 1' 'features.step.2: 1' \
        'features.step.3: 1' 'iter=#: 3' 'step #: 3' | LC_ALL=C sort)
    # Words behind numbers, digests, dictionaries without a module; places and hashes of kernels stay.
    args=()
    for i in 1 2 3; do
        args+=("push:[Executor] _forward_step 1$i: $i ctx reqs, 12$i ctx tokens, 4 gen reqs" pop "push:ProfilerStep#$i" pop
            "push:chatcmpl-6f3ab2$i${i}9c0d4e5f8a7b decode" pop "push:Request 550e840$i-e29b-41d4-a716-44665544000$i" pop "push:Request 5508840$i-e29b-41d4-a716-44665544000$i" pop
            "push:{'step': $i, 'phase': 'decode'}" pop "push:{'name': 'prefill req_$i', 'tokens': 7}" pop "push:time=1.2$i s" pop
            "push:AllReduce($i$i bytes)" pop "push:ubatch_$i" pop "push:chunk $i" pop "push:loss=0.$i" pop "push:chunk_$i" pop "push:image_$i" pop
            "push:layer.$i.attn" pop "push:{'Module': 'top.step_$i'}" pop "push:triton_fused_6f3ab2$i$i" pop "push:batch_norm_$i" pop)
    done
    start c
    "$nvtx" "${args[@]}" >/dev/null
    stop c
    diff <(calls c | tr -d '\\' | LC_ALL=C sort) <(printf '%s\n' '[Executor] _forward_step #: # ctx reqs, # ctx tokens, # gen reqs: 3' \
        'ProfilerStep#: 3' 'Request #: 6' 'chatcmpl-# decode: 3' 'prefill req_#: 3' 'time=# s: 3' "{'step': #, 'phase': 'decode'}: 3" \
        'AllReduce(# bytes): 3' 'ubatch_#: 3' 'chunk #: 3' 'loss=#: 3' 'chunk_'{1,2,3}': 1' 'image_'{1,2,3}': 1' \
        'layer.'{1,2,3}'.attn: 1' 'top.step_'{1,2,3}': 1' 'triton_fused_6f3ab2'{11,22,33}': 1' 'batch_norm_'{1,2,3}': 1' | LC_ALL=C sort)
    start b
    ERG_NVTX_NUMBERS=keep "$nvtx" "${args[@]}" "push:step 1" pop "push:step 2" pop "push:step 3" pop >/dev/null
    stop b
    [ "$(calls b | grep -c '^step [123]: 1$')" -eq 3 ]
}

@test "nvtx: a thousand names that differ in a number and never come twice become one layer" {
    local i args=()
    for i in $(seq 1100); do args+=("push:client-$i/decode" pop push:conv$((i % 8)) pop); done
    start a
    "$nvtx" "${args[@]}" >/dev/null
    stop a
    calls a >got
    grep -qx 'client-#/decode: 76' got
    [ "$(grep -c '^client-' got)" -eq 1025 ]
    [ "$(grep -c '^conv[0-7]: 13[78]$' got)" -eq 8 ]
    [ "$(events a 'marker.*erg: nvtx: 1024 ranges differ from ."client-#/decode."')" -eq 1 ]
    # and in an address, whose digits are letters, too
    args=()
    for i in $(seq 1100); do args+=("push:<Linear at $(printf '0x7f%06x' $((i * 54321 % 16777213)))>" pop); done
    start b
    "$nvtx" "${args[@]}" >/dev/null
    stop b
    calls b >got
    grep -qx '<Linear at #>: 76' got
    [ "$(wc -l <got)" -eq 1025 ]
}

@test "nvtx: ranges and counters of the extension modules" {
    start a
    ERG_NVTX_PAYLOAD=macs "$nvtx" payload:attn=1234 count:tokens=5 pop payload:ffn=77 count:tokens=12 pop >/dev/null
    stop a
    diff <(layers a) <(printf '%s\n' attn ffn)
    [ "$(events a 'layer_define.*name = "attn",.*macs = 1234')" -eq 1 ]
    [ "$(events a 'counter_define.*name = "tokens", origin = "app"')" -eq 1 ]
    [ "$(events a 'layer_counted.*deltas = . .0. = 5 ')" -eq 1 ]
    [ "$(events a 'layer_counted.*deltas = . .0. = 7 ')" -eq 1 ]
}

# NVIDIA's own headers, of the newest CUDA that is here: the truth about the interface.
nvtx3_headers() { ls -d /usr/local/cuda*/include/nvtx3/nvToolsExtCounters.h 2>/dev/null | tail -1; }

@test "nvtx: a program built with NVIDIA's headers: payloads, counters" {
    [ -n "$(nvtx3_headers)" ] || skip "NVTX's headers with extensions are not on this machine"
    gcc -o prog -I"$(dirname "$(dirname "$(nvtx3_headers)")")" "$ERG_SRC/tests/trace/nvtx_real.c" -ldl
    start a
    ERG_NVTX_PAYLOAD=macs ./prog
    stop a
    diff <(layers a) <(printf '%s\n' ffn attn ffn attributes)
    [ "$(events a 'layer_define.*name = "ffn",.*network = "server", macs = 1000')" -eq 1 ]
    [ "$(events a 'layer_counted.*deltas = \[ \[0\] = 5, \[1\] = 10 \]')" -eq 3 ]
    [ "$(events a 'layer_span')" -eq 1 ]
}

streamline=$ERG_BUILD/tests/trace/streamline-app

@test "streamline: markers between start and end are layers that end at the next marker" {
    start a
    ERG_NETWORK=squeezenet "$streamline" marker:early___conv marker:start marker:conv1___conv \
        marker:pool1___pool marker:note marker:fc___fc marker:end marker:late marker:start \
        marker:conv1___conv marker:end
    stop a
    diff <(layers a) <(printf '%s\n' conv1 pool1 fc squeezenet conv1 squeezenet)
    [ "$(events a 'layer_define.*name = "pool1", type = "pool", network = "squeezenet"')" -ge 1 ]
    [ "$(events a 'layer: .*iteration = 1,')" -eq 2 ]
    # What is no layer is a marker.
    [ "$(events a 'marker.*text = "early___conv"')" -eq 1 ]
    [ "$(events a 'marker.*text = "note"')" -eq 1 ]
    [ "$(events a 'marker.*text = "conv1')" -eq 0 ]
}

@test "streamline: channels nest, a new annotation ends the last, groups are modules" {
    start a
    "$streamline" name:1=stage group:2=decoder chan:0=outer chan:1=a chan:1=b___conv end:1 end:0 \
        chan:2=c end:2 end:5
    stop a
    diff <(layers a) <(printf '%s\n' a b outer c)
    outer=$(sed -n 's/.*{ id = \([0-9]*\), parent.* name = "outer",.*/\1/p' a.txt | head -1)
    [ "$(events a "layer_define.*parent = $outer, .*name = \"a\", type = \"stage\"")" -ge 1 ]
    [ "$(events a "layer_define.*parent = $outer, .*name = \"b\", type = \"conv\"")" -ge 1 ]
    [ "$(events a 'layer_define.*level = 1, name = "decoder", type = "group"')" -ge 1 ]
}

@test "streamline: counters, jobs, hostile calls, markers across threads" {
    start a
    "$streamline" delta:1 absolute:2 marker:start marker:l___conv value:1=5 value:2=100 marker:m___conv \
        value:2=130 value:1=1 tmarker:end null job:j big
    stop a
    [ "$(events a 'layer_counted.*deltas = \[ \[0\] = 5, \[1\] = 100 \]')" -eq 1 ]
    # m was ended from another thread: a span. Two jobs.
    [ "$(events a 'layer_span')" -eq 3 ]
    [ "$(events a 'track_define.*name = "view/track"')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "n\{502\}~[0-9a-f]\{8\}"')" -ge 1 ]
}

@test "streamline: the example records layers; preloaded it takes the place of Arm's library" {
    [ -x "$ERG_BUILD/examples/streamline/lenet" ] || skip "the examples are not built"
    start a
    "$ERG_BUILD/examples/streamline/lenet" 3 >counts
    stop a
    [ "$(awk '{ for (i = 1; i <= NF; i++) s += $i } END { print s }' counts)" -eq 3 ]
    [ "$(layers a | grep -c '^C3$')" -eq 3 ]
    [ "$(events a 'layer_counted.*deltas = \[ \[0\] = 1 \]')" -ge 3 ]
    # A library by Arm's name that does nothing, and ours before it.
    grep -o 'gator_[a-z_]*(' "$ERG_SRC/tracepoints/adapters/streamline/streamline_annotate.h" | sort -u |
        sed 's/(/(void) {}/; s/^/void /' >arm.c
    gcc -shared -fPIC -o libstreamline_annotate.so arm.c
    gcc -o prog -I"$ERG_SRC/tracepoints/adapters/streamline" "$ERG_SRC/examples/streamline/lenet.c" \
        -L. -lstreamline_annotate -lm -Wl,-rpath,"$PWD"
    start b
    ./prog 2 >/dev/null
    LD_PRELOAD=$dir/liberg-streamline.so ./prog 2 >/dev/null
    stop b
    [ "$(layers b | grep -c '^C3$')" -eq 2 ]
}

itt=$ERG_BUILD/tests/trace/itt-app

@test "itt: tasks nest over domains, overlapped tasks are spans, frames are iterations" {
    start a
    export INTEL_LIBITTNOTIFY64=$dir/liberg-itt.so ERG_NETWORK=netty
    run "$itt" list frame task:d=outer task:e=inner end:e frame task:d=second end:d end:d \
        over:5=o5 over:6=o6 endover:6 tendover:5 endover:5
    stop a
    [ "$output" = "builtin unknown off" ]
    diff <(layers a) <(printf '%s\n' inner second outer)
    [ "$(events a 'layer_define.*name = "inner", type = "e", network = "netty"')" -ge 1 ]
    [ "$(events a 'layer: .*iteration = 1')" -eq 1 ]
    [ "$(events a layer_span)" -eq 2 ]
}

@test "itt: unbalanced ends, overlapping domains, markers, metadata, no names" {
    start a
    INTEL_LIBITTNOTIFY64=$dir/liberg-itt.so "$itt" end:d null task:d=a task:e=b end:d end:e end:e \
        marker:m meta:shape=1x3x3 number:macs=42 thread:worker
    stop a
    [ "$(events a layer_span)" -eq 1 ]
    [ "$(layers a | grep -c '^b$')" -eq 1 ]
    for m in m shape=1x3x3 'macs= 42'; do
        [ "$(events a "marker.*text = \"$m\"")" -eq 1 ]
    done
    # The calling thread; a name that is NULL is none.
    [ "$(events a 'thread_define: .*vtid = \([0-9]*\) }, { tid = \1, name = "worker"')" -eq 1 ]
    [ "$(events a thread_define)" -eq 1 ]
}

@test "itt: metadata reach the task that is open, and a thread's name its thread" {
    start a
    INTEL_LIBITTNOTIFY64=$dir/liberg-itt.so "$itt" thread:worker task:d=conv number:tokens=5 meta:shape=1x3 end:d \
        task:d=fc number:tokens=7 task:d=inner number:tokens=2 end:d end:d number:tokens=9 \
        task:d=outer task:e=left end:d meta:k=v end:e
    stop a
    diff <(layers a) <(printf '%s\n' conv inner fc left)
    [ "$(events a 'marker.*text = "left: k=v"')" -eq 1 ]
    [ "$(events a 'counter_define.*name = "tokens", origin = "app"')" -eq 1 ]
    sed -n 's/.*ergtrace:layer_counted.*deltas = \[ \[0\] = \(-*[0-9]*\) .*/\1/p' a.txt >deltas
    # fc holds what its inner task counted; what is said outside of tasks is a marker.
    diff deltas <(printf '%s\n' 5 2 9 0)
    [ "$(events a 'marker.*text = "conv: shape=1x3"')" -eq 1 ]
    [ "$(events a 'marker.*text = "tokens= 9"')" -eq 1 ]
    [ "$(events a marker)" -eq 3 ]
}

@test "itt: metadata of each type, of another task than the innermost, and by scope" {
    start a
    INTEL_LIBITTNOTIFY64=$dir/liberg-itt.so "$itt" taskid:1=outer taskid:2=inner \
        u64:a=18446744073709551615 s64:b=-9000000000 u32:c=4294967295 s32:d=-2147483648 u16:e=65535 s16:f=-32768 \
        float:g=1.5 double:h=-2.5e-3 u16:i=1,2,65535 of:1 u32:j=7 of:2 u32:l=8 of:3 u32:m=9 \
        scope:4=11 scope:1=12 scopetext:4=in scopetext:3=of end:d end:d
    stop a
    sed -n 's/.*marker.*text = "\(.*\)", .*/\1/p' a.txt >markers
    # What no counter holds, what is no whole number, and what is not of the innermost task.
    diff markers <(printf '%s\n' 'inner: a= 18446744073709551615' 'inner: g= 1.5' 'inner: h= -0.0025' 'inner: i= 1 2 65535' \
        'outer: j= 7' 'm= 9' 'k= 12' 'inner: k=in' 'k=of')
    # Each number of the innermost is a counter, in the order of their first.
    sed -n 's/.*counter_define.*name = "\(.\)", origin = "app".*/\1/p' a.txt | tr -d '\n' | grep -qx bcdeflk
    [ "$(grep -c 'layer_counted.*\[0\] = -9000000000, \[1\] = 4294967295, \[2\] = -2147483648, \[3\] = 65535, \[4\] = -32768, \[5\] = 8, \[6\] = 11 ' a.txt)" -eq 2 ]
}

@test "itt: oneDNN's primitives are layers, with shapes and MACs when preloaded" {
    net=$ERG_BUILD/examples/onednn/onednn-net
    [ -x "$net" ] || skip "oneDNN's headers are not installed"
    export OMP_NUM_THREADS=1
    plain=$("$net" 3)
    start a
    with=$(INTEL_LIBITTNOTIFY64=$dir/liberg-itt.so "$net" 3)
    stop a
    start b
    both=$(INTEL_LIBITTNOTIFY64=$dir/liberg-itt.so LD_PRELOAD=$dir/liberg-itt.so "$net" 3)
    stop b
    [ "$with" = "$plain" ]
    [ "$both" = "$plain" ]
    [ "$(layers a | wc -l)" -eq 27 ]
    [ "$(layers a | grep -c '^convolution$')" -eq 9 ]
    [ "$(events a 'layer_define.*name = "convolution", type = "conv", network = "onednn-net"')" -ge 1 ]
    # 64*56*56*27; depthwise 64*28*28*9; pointwise 128*28*28*64; 100*128*49: by hand.
    for m in 5419008 451584 6422528 627200; do
        [ "$(events b "layer_define.*macs = $m,")" -ge 1 ]
    done
    [ "$(layers b | wc -l)" -eq 27 ]
    [ "$(layers b | grep -c '^convolution 1x64x28x28 w128x64x1x1 -> 1x128x28x28$')" -eq 3 ]
}

@test "itt: a oneDNN of another version gives a warning, and the program runs on" {
    echo 'int dnnl_primitive_execute(void *p, void *s, int n, void *a) { return n + 1; }' >dnnl.c
    gcc -shared -fPIC -o libdnnl.so dnnl.c
    cat >prog.c <<'C'
int dnnl_primitive_execute(void *p, void *s, int n, void *a);
int main(void) { return dnnl_primitive_execute(0, 0, 41, 0) == 42 ? 0 : 1; }
C
    gcc -o prog prog.c -L. -ldnnl -Wl,-rpath,"$PWD"
    start a
    LD_PRELOAD=$dir/liberg-itt.so ./prog
    stop a
    [ "$(events a 'marker.*text = "erg: itt: this oneDNN is neither')" -eq 1 ]
}

# What NVIDIA's header does with $NVTX_INJECTION64_PATH, and not our own idea of it (tests/trace/nvtx.h).
@test "nvtx: a program compiled with NVIDIA's own header" {
    cuda=${CUDA_DIR:-/usr/local/cuda}/include
    [ -e "$cuda/nvtx3/nvToolsExt.h" ] || skip "NVIDIA's nvtx3/nvToolsExt.h is not on this machine"
    cat >real.c <<'C'
#include <nvtx3/nvToolsExt.h>
#include <pthread.h>
#include <stdio.h>

static nvtxEventAttributes_t attributes(void)
{
	nvtxEventAttributes_t a = {0};

	a.version = NVTX_VERSION;
	a.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
	a.colorType = NVTX_COLOR_ARGB;
	a.color = 0xff00ff00;
	return a;
}

static void *end(void *range)
{
	nvtxRangeEnd(*(nvtxRangeId_t *)range);
	return NULL;
}

static void domain(void)
{
	nvtxDomainHandle_t d = nvtxDomainCreateA("TRT"), wide = nvtxDomainCreateW(L"W\u00e4");
	nvtxEventAttributes_t a = attributes();

	a.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
	a.message.registered = nvtxDomainRegisterStringA(d, "registered");
	a.payloadType = NVTX_PAYLOAD_TYPE_UNSIGNED_INT64;
	a.payload.ullValue = 77;
	a.category = 9;
	nvtxDomainNameCategoryA(d, 9, "fc");
	printf("%d ", nvtxDomainRangePushEx(d, &a));
	printf("%d ", nvtxDomainRangePop(d));
	nvtxDomainMarkEx(d, &a);
	nvtxDomainRangeEnd(d, nvtxDomainRangeStartEx(d, &a));
	a.messageType = NVTX_MESSAGE_TYPE_UNICODE;
	a.message.unicode = L"wide\u20ac";
	nvtxDomainRangePushEx(wide, &a);
	nvtxDomainRangePop(wide);
	nvtxDomainDestroy(d);
}

int main(void)
{
	nvtxEventAttributes_t a = attributes();
	pthread_t thread;
	nvtxRangeId_t r;

	nvtxInitialize(NULL);
	nvtxNameCategoryA(3, "conv");
	nvtxNameCategoryW(4, L"pool");
	printf("%d ", nvtxRangePushA("outer"));
	domain();
	a.messageType = NVTX_MESSAGE_TYPE_ASCII;
	a.message.ascii = "categorized";
	a.category = 3;
	a.payloadType = NVTX_PAYLOAD_TYPE_INT32;
	a.payload.iValue = 5;
	printf("%d ", nvtxRangePushEx(&a));
	printf("%d ", nvtxRangePop());
	printf("%d ", nvtxRangePop());
	r = nvtxRangeStartA("crossing");
	pthread_create(&thread, NULL, end, &r);
	pthread_join(thread, NULL);
	nvtxMarkEx(&a);
	nvtxMarkW(L"w\u00f6rd");
	nvtxNameOsThreadA(1, "main");
	printf("%d\n", nvtxRangePop() < 0);
	return 0;
}
C
    gcc -I"$cuda" -o real real.c -ldl -lpthread
    start a
    run env ERG_NVTX_PAYLOAD=macs ./real
    NVTX_INJECTION64_PATH= ./real >/dev/null
    stop a
    [ "$status" -eq 0 ]
    [ "$output" = "0 0 0 1 1 0 1" ]
    diff <(layers a) <(printf '%s\n' registered wide€ categorized outer)
    [ "$(events a 'layer_define.*name = "registered", type = "fc", network = "TRT".*macs = 77')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "wide€", .*network = "Wä"')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "categorized", type = "conv".*macs = 5')" -ge 1 ]
    [ "$(events a 'layer_span')" -eq 2 ]
    [ "$(events a 'track_define.*name = "ranges TRT"')" -eq 1 ]
    [ "$(events a 'marker.*text = "categorized", color = 0xFF00')" -eq 1 ]
    [ "$(events a 'marker.*text = "registered"')" -eq 1 ]
    [ "$(events a 'marker.*text = "wörd"')" -eq 1 ]
    [ "$(events a 'thread_define.*tid = 1, name = "main"')" -eq 1 ]
}

# A program that loads the adapter as the CUDA driver does, and says what it returned.
inject() {
    [ -e "$dir/liberg-cuda.so" ] || skip "CUPTI's headers are not on this machine"
    cat >inject.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *lib = dlopen(argv[1], RTLD_NOW);
	int (*init)(void) = lib ? (int (*)(void))dlsym(lib, "InitializeInjection") : NULL;

	if (!init)
		return fprintf(stderr, "%s\n", dlerror()), 1;
	printf("%d\n", init());
	printf("%d\n", init());
	return 3;
}
C
    gcc -o inject inject.c -ldl
    programs+=(inject)
}

@test "cuda: NVIDIA's CUPTI without a driver gives one notice, and the program runs on" {
    inject
    cuda=${CUDA_DIR:-/usr/local/cuda}
    compgen -G "$cuda/lib64/libcupti.so.*" || compgen -G "$cuda/extras/CUPTI/lib64/libcupti.so.*" ||
        skip "NVIDIA's libcupti is not on this machine"
    ! ldconfig -p | grep -q libcuda.so.1 || skip "this machine has NVIDIA's driver"
    run ./inject "$dir/liberg-cuda.so"
    [ "$status" -eq 3 ]
    [ "$output" = $'1\n1' ]
    start a
    run env ERG_RUN_ID=x ./inject "$dir/liberg-cuda.so"
    stop a
    [ "$status" -eq 3 ]
    [ "$output" = $'1\n1' ]
    [ "$(events a 'marker.*text = "erg: cuda: no work of the device: CUPTI_ERROR')" -eq 1 ]
    [ "$(events a 'marker')" -eq 1 ]
}

@test "cuda: a CUPTI that lacks a function, or that serves another client, gives one notice" {
    inject
    gcc -shared -fPIC -o libcupti.so.13 -Wl,-soname,libcupti.so.13 -x c /dev/null
    start a
    run env ERG_RUN_ID=x LD_LIBRARY_PATH=. ./inject "$dir/liberg-cuda.so"
    [ "$status" -eq 3 ]
    [ "$output" = $'1\n1' ]
    CUDA_INJECTION64_PATH=$dir/liberg-cuda.so FAKE_CUPTI_TAKEN=1 ERG_RUN_ID=x \
        "$ERG_BUILD/tests/trace/cuda-app" >out
    stop a
    [ "$(cat out)" = off ]
    [ "$(events a 'marker.*text = "erg: cuda: no work of the device: this CUPTI has no cuptiSubscribe"')" -eq 1 ]
    [ "$(events a 'marker.*text = "erg: cuda: no work of the device: another client"')" -eq 1 ]
    [ "$(events a 'marker')" -eq 2 ]
}

@test "cuda: kernels and copies are spans of the layer that launched them" {
    app=$ERG_BUILD/tests/trace/cuda-app
    [ -x "$app" ] || skip "CUPTI's headers are not on this machine"
    export CUDA_INJECTION64_PATH=$dir/liberg-cuda.so
    # Without a recording nothing is switched on.
    lttng --no-sessiond list 2>/dev/null | grep -q '\[active\]' || [ "$("$app")" = off ]
    start a
    [ "$(ERG_RUN_ID=r "$app")" = on ] # and what was pushed is popped
    stop a
    id() { sed -n "s/.*layer_define.*{ id = \([0-9]*\), .* name = \"$1\", type.*/\1/p" a.txt | head -1; }
    track() { sed -n "s/.*{ track = \([0-9]*\), name = \"gpu$1 stream $2 GPU-0[-0]*$1\", device = 1 }.*/\1/p" a.txt | head -1; }
    # span LAYER ITERATION DEVICE STREAM: how long they are
    span() { grep "layer_span.*{ id = $(id "$1"), iteration = $2, .*track = $(track "$3" "$4") }" a.txt |
        sed 's/.*begin = \([0-9]*\), end = \([0-9]*\),.*/\2 \1/' | awk '{ print $1 - $2 }'; }
    # The two that touch are one; the one on the other stream is apart.
    [ "$(span conv1 7 0 7)" = 1500 ]
    [ "$(span conv1 7 0 8)" = 100 ]
    [ "$(span inner 7 0 7)" = 250 ]
    [ "$(span graph 7 1 7)" = 60 ]
    [ "$(span late 7 0 7)" = 300 ]
    [ "$(span stray 0 0 7)" = 10 ]
    [ "$(span threaded 0 0 9)" = 700 ]
    [ "$(events a 'layer_span')" -eq 7 ] # and none of the child
    [ "$(events a 'marker.*text = "erg: cuda: records of the device: 3 were dropped"')" -eq 1 ]
    [ "$(events a 'marker.*text = "erg: cuda: flush period: fake"')" -eq 1 ]
}
