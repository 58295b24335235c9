# SPDX-License-Identifier: MIT
"""Layers of a PyTorch model, by hooks on its modules.

    import erg.torch
    erg.torch.annotate(model)

A module without children (but those that make its weights), and a multi-head attention, is a layer;
one with children is a module around them; the model is the network. Names are the paths of
named_modules(): a module that is used in several places has the first of its names, and one call for
each use.

A layer's definition is made when its first forward begins while something records: from the shapes
of the inputs, from which the shape of the output follows for the kinds of module in _shapes.py.
Other kinds have no output shape and no MACs. Forward passes with other shapes later keep the first
definition.

What is not called as a module is not seen: functions of torch.nn.functional, module.forward(), the
fast path of nn.TransformerEncoderLayer in evaluation (the encoder layer is then one module), and the
copies that nn.DataParallel makes for several devices, which is said. Nor are arguments that are given by
keyword: of them there are no shapes. The first call of a lazy module makes it, and is no layer.

A forward that raises ends its layers where PyTorch tells of that (2.1 and later); before, they have no
end, and are dropped.

While a model is traced, exported or compiled, or called with tensors that have a shape alone, nothing is
recorded and nothing is left in what comes out of it: the hooks are those that PyTorch calls for all
modules, so that torch.jit.script finds none on a module, and they do nothing while it traces or compiles.

What torch.compile() returns is called as a module, and recorded as the one that was compiled; of what is in
it nothing is seen. Module.compile() leaves a module that calls no hooks, which is said.

Backward passes: the nodes of autograd's graph between a layer's output and its inputs are its
backward layer. This puts hooks on graph nodes, and leaves tensors and modules as they are:
PyTorch's own full backward hooks refuse modules that work in place.
"""
import atexit
import collections
import collections.abc
import dataclasses
import inspect
import itertools
import threading
import warnings
import weakref

import torch
import torch.fx
from torch.nn.modules import module as _modules

from . import _lib, _shapes, define, iteration, marker, network

_layers_on, _counted_on = _lib.layers_on, _lib.counted_on
_begin, _end = _lib.begin, _lib.end
_tracing = torch._C._get_tracing_state

def _find_compiling():
    """Whether PyTorch compiles or exports: where it has moved to since 2.0; 1 does neither."""
    try:
        from torch.compiler import is_compiling
        return is_compiling
    except ImportError:
        pass
    if torch.__version__.startswith("2."):
        from torch._dynamo.external_utils import is_compiling
        return is_compiling
    return lambda: False


_compiling = _find_compiling()


try:
    from torch._subclasses.fake_tensor import FakeTensor as _FakeTensor
except ImportError:  # PyTorch 1.11
    _FakeTensor = ()


def _find_modes():
    """Whether all operators of the thread go to make_fx(), or to tensors that have a shape alone. PyTorch 1 keeps
    neither where it can be asked."""
    keys = getattr(torch._C, "_TorchDispatchModeKey", None)
    keys = [getattr(keys, name) for name in ("PROXY", "FAKE") if hasattr(keys, name)]
    ask = getattr(torch._C, "_get_dispatch_mode", None)
    return lambda: ask is not None and any(ask(key) is not None for key in keys)


_in_mode = _find_modes()


def _has_shape_alone(value):
    return isinstance(value, torch.Tensor) and (value.is_meta or isinstance(value, _FakeTensor))


def _symbolic(args):
    """What torch.fx traces with are no tensors; those of a model that is only measured hold nothing."""
    return _tracing() is not None or _in_mode() or \
        any(isinstance(a, torch.fx.Proxy) or _has_shape_alone(a) for a in args)


def _tensors(values):
    values = (v.data if isinstance(v, torch.nn.utils.rnn.PackedSequence) else v for v in values)
    return [v for v in values if isinstance(v, torch.Tensor)]


def _find_batched():
    """Within vmap() a tensor shows the shape of one of those that it is computed for."""
    functorch = getattr(torch._C, "_functorch", None)
    if not hasattr(functorch, "is_batchedtensor"):
        return lambda tensor: False

    def batched(tensor):
        while functorch.is_functorch_wrapped_tensor(tensor):
            if functorch.is_batchedtensor(tensor):
                return True
            tensor = functorch.get_unwrapped(tensor)
        return False
    return batched


_is_batched = _find_batched()


def _is_lazy(module):
    return any(torch.nn.parameter.is_lazy(p) for p in module.parameters(recurse=False))


def _bytes(tensors):
    return sum(t.numel() * t.element_size() for t in tensors)


def _count(parameters):
    return sum(p.numel() for p in parameters)


def _define(node, module, args):
    """Ids of the layer and of its backward."""
    tensors = _tensors(args)
    kind, info = type(module).__name__.lower(), {}
    try:
        batched = any(map(_is_batched, tensors))
        found = _shapes.describe(module, args, node.elementwise)
        if batched:
            found = _shapes.Found(found.type, kernel=found.kernel)
        params = list(module.parameters(recurse=True)) or _shapes.packed(module)
        kind = found.type or kind
        info = {"macs": found.macs, "params": _count(params), "bytes_params": _bytes(params),
                "output": found.output, "kernel": found.kernel}
        if tensors and not batched:
            info.update(bytes_in=_bytes(tensors), input=tensors[0].shape)
        if found.output:
            like = params[0] if kind == "embedding" and params else tensors[0]
            info["bytes_out"] = _shapes.product(found.output) * like.element_size()
    except Exception as error:  # the program must run on, whatever module this is
        marker(f"erg: torch: {node.name}: no shapes of this {type(module).__name__}: {error}")
    node.id = define(node.parent, node.name, kind, **info)
    if node.backward:
        grads = 1 + any(t.requires_grad for t in tensors) if info.get("params") else 2
        info["macs"] = info.get("macs", 0) * grads
        node.backward_id = define(node.parent, node.name + ".backward", kind + "-backward", **info)


class _Node:
    """The hooks of one module. id 0: not defined yet."""

    __slots__ = ("id", "backward_id", "parent", "name", "elementwise", "sync", "backward", "count", "seen")

    def __init__(self, ident, parent, name, options):
        self.id, self.backward_id = ident, 0
        self.parent, self.name = parent, name
        self.elementwise, self.sync = options["elementwise"], options["sync"]
        self.backward = options["backward"] and not ident
        self.count = None
        self.seen = False

    def before(self, module, args):
        if (_layers_on.value or _counted_on.value) and not _symbolic(args):
            if not self.id:
                if _is_lazy(module):
                    return
                _define(self, module, args)
            self.seen = True
            if self.count is not None:
                iteration(next(self.count))
            _begin(self.id)

    def after(self, module, args, output):
        if (_layers_on.value or _counted_on.value) and self.id and not _symbolic(args):
            if self.sync:
                _wait(output)
            _end(self.id)
            if self.backward:
                _follow_backward(self, module, args, output)


def _first_tensor(value, depth=8):
    """Looks into what is there only: what makes its items when it is asked is the program's."""
    if isinstance(value, torch.Tensor):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = tuple(vars(value).values()) if hasattr(value, "__dict__") else ()
    elif isinstance(value, collections.abc.Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)) and depth:
        for item in value:
            found = _first_tensor(item, depth - 1)
            if found is not None:
                return found
    return None


def _wait(output):
    """Waits for the device that computes OUTPUT."""
    tensor = _first_tensor(output)
    if tensor is not None and tensor.is_cuda:
        torch.cuda.synchronize(tensor.device)
    elif tensor is not None and tensor.device.type == "mps":
        torch.mps.synchronize()


def _nodes_between(output, inputs):
    """Nodes of the graph that lead from OUTPUT to the INPUTS: those that the layer made."""
    stop = {t.grad_fn for t in inputs if t.grad_fn is not None}
    todo, seen = [output.grad_fn], []
    while todo:
        node = todo.pop()
        if node is None or node in stop or node in seen or node.name().endswith("AccumulateGrad"):
            continue
        seen.append(node)
        todo.extend(above for above, _ in node.next_functions)
    return seen


class _Backward:
    """One backward pass of one layer: begins with the output's gradient, ends with its last node."""

    __slots__ = ("id", "sync", "nodes", "left")

    def __init__(self, node, n):
        self.id, self.sync = node.backward_id, node.sync
        self.nodes = self.left = n

    def begin(self, *_):
        self.left = self.nodes
        if _layers_on.value or _counted_on.value:
            _begin(self.id)

    def end(self, grad_inputs, grad_outputs):
        self.left -= 1
        if self.left == 0 and (_layers_on.value or _counted_on.value):
            if self.sync:
                _wait(grad_outputs)
            _end(self.id)


def _worked_in_place(module):
    """Then its input is its output, and the graph does not show where it began: one node."""
    kept = isinstance(module, torch.nn.modules.dropout._DropoutNd) and not module.training
    return getattr(module, "inplace", False) and not kept


def _before(node, hook):
    """Calls HOOK before the graph's NODE. A hook of the tensor will not do: it stays with the node
    that made the tensor first, when others have worked on it in place."""
    if hasattr(node, "register_prehook"):  # PyTorch 2
        node.register_prehook(hook)
        return
    carrier = torch.empty(0)
    carrier._backward_hooks = collections.OrderedDict({0: hook})
    node._register_hook_dict(carrier)


def _follow_backward(node, module, args, output):
    tensor = _first_tensor(output)
    if tensor is None or tensor.grad_fn is None:
        return
    if _worked_in_place(module):
        nodes = [tensor.grad_fn]
    else:
        nodes = _nodes_between(tensor, _tensors(args))
    if not nodes:
        return
    one = _Backward(node, len(nodes))
    _before(tensor.grad_fn, one.begin)
    for inner in nodes:
        inner.register_hook(one.end)


_annotated = {}
"""Per id() of a module its nodes, the first annotated first, and what forgets it. Not by the module:
the hooks see all modules of the program, and not all have a hash. Copies of a module have none."""
_handles = []


def _nodes_of(module):
    """A copy: another thread may take its annotation away meanwhile."""
    found = _annotated.get(id(module))
    return tuple(found[0]) if found else ()


_RAISED = {"always_call": True} if "always_call" in \
    inspect.signature(_modules.register_module_forward_hook).parameters else {}


class _Compiled(threading.local):
    """The modules whose compiled forms the thread calls, by id(): what Dynamo leaves to Python calls
    them once more."""

    def __init__(self):
        self.calls = []


_compiled = _Compiled()


def _original(module):
    """What torch.compile() made MODULE of, else None: torch.export() makes such modules to look into them.
    PyTorch 2.0 does not tell of the end of one that raises."""
    if type(module).__name__ != "OptimizedModule" or not _RAISED or \
            getattr(module.dynamo_ctx, "export", False):
        return None
    return module._orig_mod


def _before_any(module, args):
    if _compiling():
        return
    original = _original(module)
    if original is not None:
        module = original
        _compiled.calls.append(id(module))
    elif id(module) in _compiled.calls:
        return
    for node in _nodes_of(module):
        node.before(module, args)


def _after_any(module, args, output):
    if _compiling():
        return
    original = _original(module)
    if original is not None:
        module = original
        if id(module) in _compiled.calls:  # not so if it was annotated meanwhile
            _compiled.calls.remove(id(module))
    elif id(module) in _compiled.calls:
        return
    for node in reversed(_nodes_of(module)):
        node.after(module, args, output)


def _say_unseen(nodes):
    """NODES with their modules: those that call no hooks."""
    lost = [node.name for module, node in nodes if module is not None and not node.seen
            and getattr(module, "_compiled_call_impl", None) is not None]
    if lost and (_layers_on.value or _counted_on.value):
        marker(f"erg: torch: {', '.join(lost[:3])}{', ...' if len(lost) > 3 else ''}: compiled by "
               "Module.compile(), so not seen; torch.compile() makes modules that are")


@atexit.register
def _say_all_unseen():
    _say_unseen([(ref(), node) for nodes, ref in list(_annotated.values()) for node in nodes])


def _register_hooks():
    _handles.append(_modules.register_module_forward_pre_hook(_before_any))
    _handles.append(_modules.register_module_forward_hook(_after_any, **_RAISED))
    # PyTorch 2 warns of hooks for all modules where a model was compiled: ours do nothing there.
    warnings.filterwarnings("ignore", r"Using `torch\.compile\(module\)` when there are global hooks")


def _attach(module, node):
    if not _handles:
        _register_hooks()
    key = id(module)
    if key not in _annotated:
        _annotated[key] = ([], weakref.ref(module, lambda _: _annotated.pop(key, None)))
    _annotated[key][0].append(node)


def _detach(module, node):
    nodes = _annotated[id(module)][0] if id(module) in _annotated else []
    if node in nodes:
        nodes.remove(node)
    if not nodes:
        _annotated.pop(id(module), None)
    if not _annotated:
        while _handles:
            _handles.pop().remove()


class Annotation:
    """The hooks of annotate(): remove() takes them away, as leaving a `with` does."""

    def __init__(self, model, nodes):
        self.model = model
        self._nodes = nodes

    def remove(self):
        _say_unseen(self._nodes)
        for module, node in self._nodes:
            _detach(module, node)
        self._nodes = []

    def __enter__(self):
        return self.model

    def __exit__(self, *_):
        self.remove()
        return False


def _say_copies(model):
    if any(isinstance(m, torch.nn.DataParallel) and len(m.device_ids) > 1 for m in model.modules()):
        marker("erg: torch: the copies that nn.DataParallel makes for its devices have no layers")


_OF_WEIGHTS = ("parametrizations", "_packed_params")
"""Children that hold or make a module's weights, and compute nothing of the network."""


def _is_layer(module):
    return isinstance(module, torch.nn.MultiheadAttention) or \
        not any(name not in _OF_WEIGHTS for name, _ in module.named_children())


def annotate(model, name=None, *, backward=False, sync=False, elementwise=False, iterations=True):
    """Makes a layer of every module of MODEL.

    name: of the network; default: the model's class, in small letters.
    backward: layers NAME.backward as well.
    sync: wait for the device at the end of each layer. It serialises device and host: compare with
        a run without.
    elementwise: count pooling (one for each element of a window), normalisation and activation (one
        for each element) as MACs, too; default: they have none.
    iterations: each forward of the model is the thread's next iteration.

    Returns an Annotation. Save, copy, script, trace, export and compile models as before; a copy of one
    is not annotated.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"erg.torch.annotate: expected a torch.nn.Module, got {type(model).__name__}")
    _say_copies(model)
    options = {"backward": backward, "sync": sync, "elementwise": elementwise}
    original = _original(model)
    root = network(name or type(model if original is None else original).__name__.lower())
    ids, inside, nodes = {"": root.id}, [], []
    for path, module in model.named_modules():
        if _original(module) is not None:
            continue
        path = ".".join(part for part in path.split(".") if part != "_orig_mod")
        if any(path.startswith(layer + ".") for layer in inside):
            continue
        parent = ids[path.rpartition(".")[0]]
        if path == "" and not _is_layer(module):
            node = _Node(root.id, 0, root.name, options)
        elif _is_layer(module):
            # A model that is a single layer: a layer of its own name in the network.
            node = _Node(0, parent, path or type(module).__name__.lower(), options)
            if path:
                inside.append(path)
        else:
            ids[path] = _lib.module(parent, _lib.text(path), _lib.text(type(module).__name__.lower()))
            node = _Node(ids[path], parent, path, options)
        if path == "" and iterations:
            node.count = itertools.count()
        _attach(module, node)
        nodes.append((module, node))
    return Annotation(model, nodes)
