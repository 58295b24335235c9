# The package erg for Python, and its hooks on PyTorch models.
# bats file_tags=apart
load helpers
load lttng

python=${PYTHON:-/usr/bin/python3}
programs=(python3)
test_setup() {
    lttng_setup
    [ -x "$python" ] || skip "$python is not installed"
    export PYTHONPATH=$ERG_BUILD/tracepoints/adapters/python PYTHONDONTWRITEBYTECODE=1
    export PYTHONWARNINGS=error::UserWarning
}

need_torch() { "$python" -c 'import torch' 2>/dev/null || skip "python3-torch is not installed"; }

# record COMMAND…: under erg-record; layers.json. Without power: layers that the readings do not tell apart
# share a row, and which those are goes by the load of the machine.
record() {
    skip_unless erg-record erg-analyze
    env -u PYTHONPATH erg-record run --force -o run.erg -s procstat --annotate python -- "$@" >out 2>err ||
        { cat err; return 1; }
    erg-analyze layers --format json run.erg >layers.json 2>>err
    cat err # shown when what follows fails
}

macs() { jq -r '.runs[0].layers[] | [.name, .macs] | @tsv' layers.json | sort; }

@test "python: layers nest, by with and by decorator; an exception ends them; they nest in themselves" {
    cat >prog.py <<'P'
import os, erg

net = erg.network("n")
block = net.module("block", "res")
conv = block.layer("conv", type="conv", macs=12, params=3, bytes_in=4, bytes_out=5, bytes_params=6,
                   input=(1, 2, 3), output=(4, 5), kernel=(6,))
assert block.layer("conv") is conv and erg.network("n") is net

@conv
def leave(how):
    if how == "raise":
        raise KeyError(how)
    return how

@erg.layer("deep", type="rnn")
def deep(n):
    """doc"""
    return n if n == 0 else deep(n - 1)

for number in erg.iterations(range(2)):
    with net, block:
        assert leave("return") == "return"
        try:
            leave("raise")
        except KeyError:
            pass
assert deep(2) == 0 and deep.__doc__ == "doc"
with erg.layer("single"):
    assert erg.enabled() or not os.environ.get("RECORDED")
try:
    @conv
    async def later():
        pass
except TypeError as error:
    assert "later" in str(error)
else:
    raise AssertionError
P
    start a
    RECORDED=1 ERG_NETWORK=mine "$python" prog.py
    stop a
    diff <(layers a) <(printf '%s\n' conv conv block n conv conv block n deep deep deep single)
    [ "$(events a 'layer: .*iteration = 1')" -ge 4 ]
    [ "$(events a 'layer_define.*name = "conv", type = "conv", network = "n", macs = 12, params = 3, bytes_in = 4, bytes_out = 5, bytes_params = 6')" -ge 1 ]
    [ "$(events a 'layer_define.*\[0\] = 1, \[1\] = 2, \[2\] = 3 \].*\[0\] = 4, \[1\] = 5 \].*\[0\] = 6 \]')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "deep", type = "rnn", network = "mine"')" -ge 1 ]
    # Without a session, and without liberg.
    "$python" prog.py
    cp -r "$PYTHONPATH/erg" erg
    PYTHONPATH=$PWD LD_LIBRARY_PATH= "$python" -c 'import erg; print(erg.found)' >found
    PYTHONPATH=$PWD "$python" prog.py
}

@test "python: phases, markers, counters, threads, a hook at the end; hostile names and numbers" {
    cat >prog.py <<'P'
import threading, erg

tokens = erg.counter("tokens")
one = erg.layer("one")
with erg.phase("warm-up"):
    with one:
        tokens.add(7)
erg.phase_begin("rest")
erg.phase_end("rest")
erg.marker("hello", 0xff0000)
erg.thread_name("main thread")

def work():
    for _ in range(100):
        with one, erg.layer("two", type="fc"):
            pass

threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
waited = []
erg.set_sync_hook(lambda: waited.append(1))
with one:
    pass
erg.set_sync_hook(None)
with one:
    pass
assert len(waited) == erg.enabled()
erg.set_sync_hook(lambda: waited.append(1))  # and left so
erg.layer("x" * 1000000).begin()
with erg.layer("nul\0\udc80", macs=-5, params=2 ** 70, input=range(20), output=[-1, 2 ** 40]):
    pass
erg.iteration(-1)
erg.iteration(2 ** 40)
for _ in range(40):
    erg.counter(str(_)).add(3)
P
    start a
    "$python" prog.py
    stop a
    [ "$(events a 'phase_begin.*name = "warm-up"')" -eq 1 ]
    [ "$(events a 'phase_end.*name = "rest"')" -eq 1 ]
    [ "$(events a 'marker.*text = "hello", color = 0xFF0000')" -eq 1 ]
    [ "$(events a 'thread_define.*vtid = \([0-9]*\) }, { tid = \1, name = "main thread"')" -eq 1 ]
    [ "$(events a 'layer_counted.*deltas = \[ \[0\] = 7 \]')" -eq 1 ]
    [ "$(layers a | grep -c '^two$')" -eq 400 ]
    [ "$(layers a | grep -c '^one$')" -eq 403 ]
    [ "$(events a 'layer_define.*name = "nul\\?\\?", type = "layer".*macs = 0, params = 18446744073709551615')" -ge 1 ]
    "$python" prog.py
}

@test "python: work and its rate are told where no power was read" {
    cat >prog.py <<'P'
import erg, time
tokens, one = erg.counter("tokens"), erg.layer("one")
for name, n in ("prefill", 1500), ("decode", 20):
    with erg.phase(name), one:
        time.sleep(0.01)
        tokens.add(n)
P
    record "$python" prog.py
    erg-analyze totals --per token run.erg >t.txt 2>/dev/null
    awk '$1 ~ /^(run|prefill|decode)$/ { print $1, $5 }' t.txt >got
    diff got <(printf '%s\n' 'run 1520' 'prefill 1500' 'decode 20')
    erg-analyze totals --per token --format json run.erg 2>/dev/null |
        jq -e '.runs[0].phases | length == 3 and all(.[]; .per.rate_per_s * .time_s / .per.count - 1 | fabs < 1e-6)'
    grep -Eq '^phase +count +time +token +token/s *$' t.txt
}

@test "python: SqueezeNet and ResNet-50 have the MACs of examples/convnet" {
    need_torch
    local net ref
    for net in squeezenet:squeezenet1.0 resnet50:resnet50; do
        ref=${net#*:}
        net=${net%:*}
        record "$python" "$ERG_SRC/examples/pytorch/main.py" "$net" -n 2
        erg-convnet --list --format csv "$ref" | awk -F, 'NR > 1 && ($4 == "conv" || $4 == "fc") {
            gsub("/", ".", $3); print $3 "\t" $5 }' | sort >want
        [ "$(wc -l <want)" -ge 26 ]
        diff want <(macs | awk '$2 > 0')
        jq -e --arg n "$net" '.runs[0].layers | all(.network == $n)' layers.json
        jq -e '.runs[0].layers[] | select(.name == "conv1") | .calls == 2 and .type == "conv"' layers.json
    done
    jq -e '.runs[0].layers[] | select(.name == "res3a.relu") | .calls == 6 and .module == "res3a"' layers.json
    jq -e '.runs[0].layers[] | select(.name == "res2a.branch1") |
        .in_shape == [1, 64, 56, 56] and .out_shape == [1, 256, 56, 56]' layers.json
    # Parameters of the network, with the batch normalisations: 25,557,032.
    jq -e '[.runs[0].layers[].params] | add == 25557032' layers.json
}

@test "python: a transformer: attention, backward layers; nothing changes its output" {
    need_torch
    record "$python" "$ERG_SRC/examples/pytorch/main.py" transformer -n 1 --train
    "$python" "$ERG_SRC/examples/pytorch/main.py" transformer -n 1 --train >plain
    diff out plain
    # 196 tokens of width 192: four projections, and queries x keys twice.
    jq -e '.runs[0].layers[] | select(.name == "blocks.0.attention") | .type == "attention" and
        .macs == 4 * 196 * 192 * 192 + 2 * 196 * 196 * 192 and .params == 4 * 192 * 193' layers.json
    jq -e '.runs[0].layers[] | select(.name == "blocks.3.up") | .macs == 196 * 192 * 768' layers.json
    jq -e '.runs[0].layers[] | select(.name == "blocks.3.up.backward") | .calls == 1 and
        .type == "fc-backward" and .macs == 2 * 196 * 192 * 768 and .time_s.value > 0' layers.json
    # The input needs no gradient: only the weights' one.
    jq -e '[.runs[0].layers[] | select(.name == "patches" or .name == "patches.backward") | .macs] |
        .[0] == .[1] and .[0] == 196 * 192 * 768' layers.json
    jq -e '[.runs[0].layers[] | select(.name | endswith(".backward"))] | length == 4 * 6 + 3' layers.json
}

@test "python: shapes and MACs follow PyTorch's for every kind of module" {
    need_torch
    cat >prog.py <<'P'
import warnings, torch
from torch import nn
from erg import _shapes

def check(module, *shape, macs=None, elementwise=False, x=None):
    x = torch.randn(*shape) if x is None else x
    with torch.no_grad():
        y = module(x)
    y = y[0] if isinstance(y, tuple) else y
    found = _shapes.describe(module, (x,), elementwise)
    assert tuple(found.output) == tuple(y.shape), (module, found.output, y.shape)
    assert found.type, module
    assert macs is None or found.macs == macs, (module, found.macs, macs)

check(nn.Conv1d(4, 8, 5, stride=2, padding=3, dilation=2), 2, 4, 31, macs=2 * 8 * 15 * 4 * 5)
check(nn.Conv2d(4, 8, (3, 5), padding="same"), 4, 9, 9, macs=8 * 81 * 4 * 15)
check(nn.Conv2d(4, 8, 4, padding="same", dilation=2), 1, 4, 20, 21)
check(nn.Conv2d(6, 6, 3, groups=6), 1, 6, 9, 9, macs=6 * 49 * 9)
check(nn.Conv3d(2, 4, 3, groups=2), 1, 2, 5, 6, 7, macs=4 * 3 * 4 * 5 * 27)
check(nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), 2, 4, 5, 6,
      macs=2 * 4 * 30 * 9 * 3)
check(nn.Linear(7, 3), 2, 5, 7, macs=2 * 5 * 3 * 7)
for e in range(5, 12):
    for k, s, p in ((2, 2, 0), (3, 2, 1), (3, 3, 1), (2, 3, 1)):
        for ceil in (False, True):
            check(nn.MaxPool2d(k, s, p, ceil_mode=ceil), 1, 2, e, e + 1, macs=0)
            check(nn.AvgPool1d(k, s, p, ceil_mode=ceil), 1, 2, e)
check(nn.AvgPool2d(2), 1, 3, 8, 8, elementwise=True, macs=3 * 16 * 4)
check(nn.AdaptiveAvgPool2d((None, 2)), 1, 3, 8, 8)
check(nn.AdaptiveMaxPool1d(1), 2, 3, 8)
for m in (nn.BatchNorm2d(3), nn.InstanceNorm2d(3), nn.GroupNorm(3, 3), nn.LayerNorm(8), nn.ReLU(),
          nn.GELU(), nn.Softmax(1), nn.Dropout(), nn.Identity(), nn.PReLU()):
    check(m, 2, 3, 8, 8, macs=0)
check(nn.BatchNorm2d(3), 2, 3, 8, 8, elementwise=True, macs=2 * 3 * 64)
check(nn.LocalResponseNorm(5), 2, 3, 8, 8, elementwise=True, macs=2 * 3 * 64 * 5)
check(nn.Flatten(), 2, 3, 4)
check(nn.Embedding(10, 6), x=torch.zeros(2, 3, dtype=torch.long), macs=0)
check(nn.LSTM(5, 7, num_layers=2, bidirectional=True), 3, 2, 5,
      macs=6 * 2 * 4 * 7 * ((5 + 7) + (14 + 7)))
check(nn.GRU(5, 7, batch_first=True), 3, 2, 5, macs=6 * 3 * 7 * 12)
warnings.filterwarnings("ignore", "LSTM with projections")
check(nn.LSTM(5, 7, proj_size=2), 3, 2, 5, macs=6 * (4 * 7 * (5 + 2) + 7 * 2))
check(nn.GRUCell(5, 7), 2, 5, macs=2 * 3 * 7 * 12)
mha = nn.MultiheadAttention(8, 2, kdim=6, vdim=4, add_bias_kv=True)
q, k, v = torch.randn(5, 3, 8), torch.randn(7, 3, 6), torch.randn(7, 3, 4)
assert mha(q, k, v)[0].shape == _shapes.describe(mha, (q, k, v), False).output
assert _shapes.describe(mha, (q, k, v), False).macs == \
    3 * (2 * 5 * 64 + 7 * 8 * 10 + 2 * 5 * 8 * 8)

class Mine(nn.MaxPool2d):
    pass

check(Mine(2), 1, 2, 6, 6)
P
    "$python" prog.py
}

@test "python: shared modules, modules within themselves, exceptions, threads, copies, removal" {
    need_torch
    cat >prog.py <<'P'
import copy, io, threading, torch, erg
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.again = self.fc
        self.act = nn.ReLU(inplace=True)
        self.odd = Odd()

    def forward(self, x, depth=1, fail=False):
        x = self.again(self.act(self.fc(x)))
        if depth:
            return self(x, depth - 1, fail)
        return self.odd(x=x, fail=fail)

class Odd(nn.Module):  # a layer of no known kind, called by keywords
    def forward(self, x, fail):
        if fail:
            raise ValueError("inside")
        return {"out": x}

torch.manual_seed(0)
net, x = Net(), torch.randn(3, 4)
want = net(x)["out"]
try:
    erg.torch.annotate([net])
except TypeError as error:
    assert "list" in str(error)
else:
    raise AssertionError
with erg.torch.annotate(net, "net", backward=True, sync=True) as same:
    assert same is net and torch.equal(net(x)["out"], want)
    try:
        net(x, fail=True)
    except ValueError:
        pass
    net(x)["out"].sum().backward()
    threads = [threading.Thread(target=lambda: [net(x) for _ in range(10)]) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    torch.save(copy.deepcopy(net), (file := io.BytesIO()))
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(x)["out"], want)
erg.marker("removed")
assert not net._forward_hooks and not net.fc._forward_pre_hooks
net(x)
P
    start a
    "$python" prog.py
    stop a
    # fc twice in each of two nested calls: 1 + 1 failed + 1 + 30, and 1 of the copy.
    layers a >seq
    [ "$(grep -c '^fc$' seq)" -ge $((4 * 33)) ]
    [ "$(grep -c '^fc$' seq)" -le $((4 * 34)) ]
    [ "$(grep -c '^odd$' seq)" -ge 32 ]
    [ "$(grep -c '^fc.backward$' seq)" -eq 4 ]
    [ "$(grep -c '^act.backward$' seq)" -eq 2 ]
    [ "$(grep -c '^again$' seq)" -eq 0 ]
    [ "$(events a 'layer_define.*name = "odd", type = "odd"')" -ge 1 ]
    # Nothing after the removal.
    [ "$(sed -n '/text = "removed"/,$p' a.txt | grep -c 'ergtrace:layer')" -eq 0 ]
}
@test "python: modules without a hash, outputs that are texts or make themselves, lazy and quantized modules" {
    need_torch
    cat >prog.py <<'P'
import sys, torch, erg
from torch import nn

class Odd(nn.Module):  # equal to all, and so without a hash
    def __eq__(self, other):
        return True

    def forward(self, x):
        return x + 1

class Net(nn.Module):
    def __init__(self, give):
        super().__init__()
        self.fc, self.give = nn.Linear(4, 4), give

    def forward(self, x):
        return self.give(Odd()(self.fc(x)))

def steps(x):
    for i in range(3):
        yield x * i

torch.manual_seed(0)
x, recorded = torch.randn(2, 4), sys.argv[1:]

def show(model, *args, name=None):
    if recorded:
        erg.torch.annotate(model, name, backward=True, sync=True)
    got = model(*args)
    print(got if isinstance(got, str) else got[1][0].sum() if name == "packed" else list(got))

show(Net(lambda x: "text"), x)
show(Net(steps), x)
show(Net(lambda x: (y for y in (x, 2 * x))), x)
show(Net(lambda x: {"a": "b", "c": [x]}.get("c")), x)
show(nn.Sequential(nn.LazyLinear(3)), x)
show(torch.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3)), {nn.Linear}), x, name="quantized")
show(nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))).eval(), x, name="parametrized")
show(nn.Sequential(nn.LSTM(4, 3)), nn.utils.rnn.pack_sequence([torch.zeros(3, 4), torch.zeros(2, 4)]), name="packed")
fails = Net(lambda x: [x][len(x)])
if recorded:
    erg.torch.annotate(fails, "fails")
for _ in range(100):
    try:
        fails(x)
    except IndexError:
        pass
fails.give = lambda x: x
print(float(fails(x).sum()))
P
    # Lazy modules warn of themselves.
    "$python" -W error::UserWarning -W "ignore:Lazy" prog.py >plain
    start a
    "$python" -W error::UserWarning -W "ignore:Lazy" prog.py on >out
    stop a
    diff plain out
    grep -q text out
    [ "$(events a marker)" -eq 0 ]
    # 2 of 4 to 3; 5 steps of 4 gates of 3 with 4 + 3. The first call of a lazy module is none.
    [ "$(events a 'layer_define.*name = "0", type = "fc", network = "quantized", macs = 24, params = 15,')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "0", type = "fc", network = "parametrized", macs = 24,')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "0\.\(_packed\|param\)')" -eq 0 ]
    [ "$(events a 'layer_define.*name = "0", type = "lstm", network = "packed", macs = 420,')" -ge 1 ]
    [ "$(layers a | grep -c '^fc$')" -eq 105 ]
    [ "$(layers a | grep -c '^fails$')" -ge 1 ]
}

@test "python: a model is traced, scripted, exported and compiled as if nobody recorded" {
    local compiled=
    need_torch
    cat >prog.py <<'P'
import io, sys, torch, erg.torch
from torch import nn, fx

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10)).eval()

def onnx(model):
    file = io.BytesIO()
    try:
        torch.onnx.export(model, x, file)
    except Exception as error:  # without the package onnx the file is written all the same
        return type(error).__name__
    return file.getvalue()

x = torch.zeros(1, 3, 8, 8)
plain, model = net(), net()
erg.torch.annotate(model, name="m")
kinds = lambda graph: [n.kind() for n in graph.nodes()]
for what in (lambda m: kinds(torch.jit.trace(m, x).inlined_graph),
             lambda m: kinds(torch.jit.script(m).inlined_graph),
             lambda m: str(fx.symbolic_trace(m).graph), onnx,
             lambda m: torch.jit.freeze(torch.jit.script(m))(x).tolist()):
    assert what(plain) == what(model), what(model)
for how in ({"strict": True}, {"strict": False}) if hasattr(torch, "export") else ():
    made = [torch.export.export(m, (x,), **how) for m in (plain, model)]
    assert str(made[0].graph) == str(made[1].graph)
    assert torch.equal(made[1].module()(x), plain(x))
if hasattr(torch, "compile"):
    assert torch.equal(torch.compile(model, backend="eager", fullgraph=True)(x), plain(x))
erg.marker("now")
model(x)
P
    start a
    "$python" prog.py
    stop a
    # torch.jit.trace compares what it made with the model itself, which runs once for that; what was compiled runs
    # as a whole.
    if "$python" -c 'import torch; torch.compile' 2>/dev/null; then compiled=m; fi
    diff <(layers a) <(printf '%s\n' 0 1 2 3 m $compiled 0 1 2 3 m)
    [ "$(sed '1,/text = "now"/d' a.txt | grep -c 'ergtrace:layer: ')" -eq 5 ]
}

@test "python: what has shapes alone computes nothing; of what is computed for many at once there are no MACs" {
    need_torch
    cat >prog.py <<'P'
import copy, torch, erg.torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

x = torch.ones(2, 3)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
erg.torch.annotate(net, "net")
meta = copy.deepcopy(net).to("meta")
erg.torch.annotate(meta, "meta")
assert meta(x.to("meta")).shape == (2, 4)
with FakeTensorMode() as mode:
    inside = nn.Linear(3, 4)
    erg.torch.annotate(inside, "fake")
    assert inside(mode.from_tensor(x)).shape == (2, 4)
if hasattr(torch, "func"):
    from torch.fx.experimental.proxy_tensor import make_fx
    make_fx(net)(x)
    many = nn.Linear(3, 4)
    erg.torch.annotate(many, "many")
    print("many")
    rows = torch.func.vmap(lambda y: torch.func.vmap(many)(y))(torch.ones(5, 6, 3))
    assert rows.shape == (5, 6, 4)
erg.marker("now")
net(x)
P
    start a
    "$python" prog.py >out
    stop a
    diff <(layers a) <([ ! -s out ] || echo linear; printf '%s\n' 0 1 net)
    [ "$(sed '1,/text = "now"/d' a.txt | grep -c 'ergtrace:layer: ')" -eq 3 ]
    [ ! -s out ] || [ "$(events a 'layer_define.*name = "linear", type = "fc", network = "many", macs = 0, params = 16, bytes_in = 0,')" -ge 1 ]
}

@test "python: what torch.compile() returns is recorded as what it was made of; a module that is compiled in place is said" {
    need_torch
    "$python" -c 'import torch; torch.compile' 2>/dev/null || skip "this PyTorch has no torch.compile()"
    cat >prog.py <<'P'
import torch, torch._dynamo, erg.torch
from torch import nn

x = torch.ones(2, 3)

class Block(nn.Module):
    def __init__(self, broken=False):
        super().__init__()
        self.fc, self.act, self.broken = nn.Linear(3, 3), nn.ReLU(), broken

    def forward(self, x):
        if self.broken:
            torch._dynamo.graph_break()
        return self.act(self.fc(x))

def compiled(module):
    return torch.compile(module, backend="eager")

def check(model, want, say):
    for _ in range(2):
        assert torch.equal(model(x), want)
    erg.marker(say)

for how in "before", "after":  # annotated and compiled
    net = nn.Sequential(Block(), Block(broken=True), nn.Linear(3, 2))
    want = net(x)
    if how == "before":
        erg.torch.annotate(net, "net")
    net[0], net[1], net[2] = compiled(net[0]), compiled(net[1]), compiled(net[2])
    if how == "after":
        erg.torch.annotate(net, "net")
    check(net, want, how)

whole = nn.Sequential(Block(), nn.Linear(3, 2))
want = whole(x)
erg.torch.annotate(whole, "whole")
check(compiled(whole), want, "whole")
ready = compiled(nn.Sequential(Block(), nn.Linear(3, 2)))
want = ready._orig_mod(x)
erg.torch.annotate(ready)
check(ready, want, "ready")

class Fails(nn.Module):
    def forward(self, x):
        raise KeyError("no")

fails = Fails()
erg.torch.annotate(fails, "fails")
for _ in range(2):
    try:
        compiled(fails)(x)
    except Exception:
        pass
try:
    fails(x)
except KeyError:
    pass
erg.marker("fails")

# Dynamo gives up, and Python calls the modules: the whole is once a call all the same.
torch._dynamo.config.suppress_errors = True
def backend(*_):
    raise RuntimeError("none")
eager = nn.Sequential(nn.Linear(3, 2))
want = eager(x)
erg.torch.annotate(eager, "eager")
check(torch.compile(eager, backend=backend), want, "eager")

inplace = nn.Sequential(Block(), nn.Linear(3, 2))
want = inplace(x)
inplace[0].compile(backend="eager")
erg.torch.annotate(inplace, "inplace")
check(inplace, want, "inplace")
P
    start a
    "$python" -W default prog.py 2>log || { cat log; false; }
    stop a
    # part FROM TO: what ended between two markers
    part() { sed -n "/text = \"$1\"/,/text = \"$2\"/p" a.txt >part.txt; cat <(grep layer_define a.txt) part.txt >p.txt; layers p; }
    twice() { printf '%s\n' "$@" "$@"; }
    sed '/text = "before"/q' a.txt >b.txt
    diff <(layers b) <(twice 0 1 2 net)
    diff <(part before after) <(twice 0 1 2 net)
    diff <(part after whole) <(twice whole)
    diff <(part whole ready) <(twice sequential)
    diff <(part ready fails) <(printf '%s\n' fails fails fails)
    diff <(part fails eager) <(twice eager)
    diff <(part eager inplace) <(twice 1 inplace)
    [ "$(events a 'layer_define.*name = "2", type = "fc", network = "net", macs = 12,')" -ge 1 ]
    [ "$(events a 'marker.*erg: torch: 0: compiled by Module.compile(), so not seen')" -eq 1 ]
    [ "$(events a 'marker.*erg: ')" -eq 1 ]
}

@test "python: the stand-in of one file does nothing alone, and gives way to the package" {
    mkdir app
    cp "$ERG_SRC/tracepoints/adapters/python/standin/erg.py" app
    cat >app/prog.py <<'P'
import erg, erg.torch, sys
net = erg.network("n")
conv = net.layer("conv", type="conv", macs=12)

@conv
def run(x):
    """doc"""
    return x + 1

model = object()
if not erg.found:
    with erg.torch.annotate(model) as same:
        assert same is model
count = erg.counter("images")
for i in erg.iterations(range(2)):
    with net, erg.phase("warm-up"):
        assert run(i) == i + 1 and run.__doc__ == "doc"
        count.add(1)
erg.marker("x")
print(erg.found)
P
    [ "$(env -u PYTHONPATH "$python" app/prog.py)" = False ]
    "$python" -c 'import torch' 2>/dev/null || sed -i 's/, erg.torch//' app/prog.py
    start a
    [ "$("$python" app/prog.py)" = True ]
    stop a
    diff <(layers a) <(printf '%s\n' conv n conv n)
}
