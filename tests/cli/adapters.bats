# The adapters in C: each is loaded as its framework loads it, and recorded by plain LTTng.
load helpers
load lttng

dir=$ERG_BUILD/tracepoints/adapters
nvtx=$ERG_BUILD/tests/trace/nvtx-app
test_setup() {
    lttng_setup
    export NVTX_INJECTION64_PATH=$dir/liberg-nvtx.so
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
    [ "$(events a 'marker.*text = "thread 7: worker"')" -eq 1 ]
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
    [ "$(events a 'marker.*ERG_NVTX_LAYERS: ."bogus."')" -eq 1 ]
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
    [ "$(sed -n 1p seq)" = y ] && [ "$(sed -n 2p seq)" = z ]
    [ "$(events a 'layer_define.*name = "x\{502\}~[0-9a-f]\{8\}"')" -eq 1 ]
    [ "$(events a 'layer_define.*name = "[\?]\{3,6\}~[0-9a-f]\{8\}"')" -eq 1 ]
    [ "$(wc -l <seq)" -eq 4 ]
}

@test "nvtx: a range from before the session has no layer; nothing is defined without a session" {
    need_daemon
    launch "$nvtx" push:before push:inner pop wait push:after pop pop wait
    start a
    sleep 0.3
    go_on
    stop a
    exec 9>&-
    diff <(layers a) <(echo after)
    [ "$(events a 'layer_define.*name = "inner"')" -eq 0 ]
}
