# Layers of programs on a shared libdarknet, by preloading.
load helpers
load lttng

lib=$ERG_BUILD/tracepoints/adapters/liberg-darknet.so
net=$ERG_BUILD/examples/darknet/darknet-net
cfg=/usr/share/darknet/cfg
programs=(darknet-net prog python3)
test_setup() {
    lttng_setup
    [ -e "$lib" ] || skip "darknet.h is not on this machine (package darknet)"
}

need_darknet() { [ -x "$net" ] && [ -d "$cfg" ] || skip "package darknet is not installed"; }

@test "--annotate darknet: layers, with their MACs and shapes; the output is the same" {
    need_darknet
    skip_unless erg-record erg-analyze
    # without power: layers that the readings do not tell apart share a row, and which those are goes by the
    # load of the machine
    erg-record run -o run.erg -s procstat --annotate darknet -- "$net" "$cfg/alexnet.cfg" 2 >out 2>err
    "$net" "$cfg/alexnet.cfg" 2 >plain 2>/dev/null
    diff plain out
    erg-analyze layers --format json run.erg >layers.json 2>err
    # Its convolutions have no groups. 11x11x3x96 at 55x55; 5x5x96x256 at 27x27; then 13x13; then fc.
    jq -r '.runs[0].layers[] | select(.macs > 0) | [.name, .macs, .calls] | @tsv' layers.json >got
    diff got <(printf '%s\t%s\t2\n' conv0 $((55 * 55 * 96 * 363)) conv2 $((27 * 27 * 256 * 2400)) \
        conv4 $((169 * 384 * 2304)) conv5 $((169 * 384 * 3456)) conv6 $((169 * 256 * 3456)) \
        fc8 $((9216 * 4096)) fc10 $((4096 * 4096)) fc12 $((4096 * 1000)))
    jq -e '.runs[0].layers | length == 14 and all(.network == "alexnet")' layers.json
    jq -e '.runs[0].layers[] | select(.name == "conv2") | .in_shape == [1, 96, 27, 27] and
        .out_shape == [1, 256, 27, 27] and .kernel_shape == [256, 96, 5, 5] and
        .params == 256 * 2400 + 256 and .type == "conv" and .time_s.value > 0' layers.json
}

@test "darknet: resnet50, darknet19 and rnn; the network is around its layers; iterations" {
    need_darknet
    local n count
    for n in resnet50:69 darknet19:26 rnn:5; do
        count=${n#*:}
        n=${n%:*}
        start "$n"
        LD_PRELOAD=$lib "$net" "$cfg/$n.cfg" 2 2>/dev/null
        stop "$n"
        layers "$n" >seq
        [ "$(wc -l <seq)" -eq $((2 * (count + 1))) ]
        [ "$(sed -n "$((count + 1))p" seq)" = "$n" ]
        [ "$(tail -1 seq)" = "$n" ]
        [ "$(events "$n" 'layer: .*iteration = 1,')" -eq $((count + 1)) ]
        [ "$(events "$n" "layer_define.*level = 2, .*network = \"$n\"")" -ge "$count" ]
    done
    [ "$(events resnet50 'layer_define.*type = "eltwise"')" -ge 16 ]
    # rnn0: 256 inputs, 1024 hidden, 1024 outputs.
    [ "$(events rnn "layer_define.*name = \"rnn0\", type = \"rnn\", network = \"rnn\", macs = $((1024 * (256 + 1024 + 1024)))")" -ge 1 ]
}

@test "darknet: training has backward layers" {
    need_darknet
    sed 's/^batch=.*/batch=2/; s/^subdivisions=.*/subdivisions=1/' "$cfg/cifar.cfg" >small.cfg
    start a
    LD_PRELOAD=$lib "$net" --train small.cfg 2 >out 2>/dev/null
    stop a
    "$net" --train small.cfg 2 2>/dev/null | diff out -
    [ "$(layers a | grep -c '^conv0$')" -eq 2 ]
    [ "$(layers a | grep -c '^conv0.backward$')" -eq 2 ]
    [ "$(layers a | grep -c '^conv1.backward$')" -eq 2 ]
    m=$(sed -n 's/.*name = "conv1", type = "conv", .* macs = \([0-9]*\),.*/\1/p' a.txt | head -1)
    [ "$m" -gt 0 ]
    [ "$(events a "layer_define.*name = \"conv1.backward\", type = \"conv-backward\", .*macs = $((2 * m)),")" -ge 1 ]
}

@test "darknet: a library laid out otherwise, or without the functions, gives a warning and runs on" {
    cat >darknet.c <<'C'
#include <stdlib.h>
struct other { int n; long seven; void *layers; };
void *load_network(char *cfg, char *weights, int clear)
{
	struct other *o = calloc(1, 4096);
	o->n = 3;
	o->seven = 7;
	o->layers = (void *)0x10;
	return o;
}
void forward_network(void *net) { ((struct other *)net)->seven++; }
C
    cat >prog.c <<'C'
#include <stdio.h>
void *load_network(char *cfg, char *weights, int clear);
void forward_network(void *net);
void *parse_network_cfg(char *cfg) __attribute__((weak));
int main(void)
{
	void *net = load_network("x.cfg", 0, 0);
	forward_network(net);
	printf("%ld\n", ((long *)net)[1]);
	return parse_network_cfg && parse_network_cfg("y.cfg");
}
C
    gcc -shared -fPIC -o libdarknet.so darknet.c
    gcc -o prog prog.c -L. -ldarknet -Wl,-rpath,"$PWD"
    start a
    [ "$(LD_PRELOAD=$lib ./prog)" = 8 ]
    stop a
    [ "$(events a 'marker.*text = "erg: darknet: this libdarknet is laid out otherwise: no layers"')" -eq 1 ]
    [ "$(events a 'marker.*text = "erg: darknet: this libdarknet lacks a function')" -eq 1 ]
    [ "$(events a 'layer')" -eq 0 ]
}

@test "darknet: from Python, which opens the library by itself" {
    need_darknet
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    cat >prog.py <<'P'
import ctypes
lib = ctypes.CDLL("/usr/lib/darknet/libdarknet.so")
lib.load_network.restype = ctypes.c_void_p
lib.network_predict.restype = ctypes.POINTER(ctypes.c_float)
net = ctypes.c_void_p(lib.load_network(b"/usr/share/darknet/cfg/rnn.cfg", None, 0))
lib.set_batch_network(net, 1)
lib.network_predict(net, (ctypes.c_float * 65536)())
P
    start a
    LD_PRELOAD=$lib /usr/bin/python3 prog.py 2>/dev/null
    stop a
    diff <(layers a) <(printf '%s\n' rnn0 rnn1 rnn2 fc3 softmax4 rnn)
}
