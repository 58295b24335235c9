# SPDX-License-Identifier: MIT
"""Tells ergtrace where the layers of a network begin and end.

    import erg

    net = erg.network("lenet")
    conv1 = net.layer("conv1", type="conv", macs=117600, input=(1, 28, 28), output=(6, 28, 28))

    for batch in erg.iterations(batches):
        with net:
            with conv1:
                x = convolve(batch)

    @net.layer("softmax", type="softmax")
    def softmax(x): ...

    with erg.phase("warm-up"):
        ...

    erg.torch.annotate(model)       # every module of a PyTorch model

Run it under `erg-record run --annotate python`. Where nothing records, a layer costs two loads.
Nothing here fails because of what it is given: names are cleaned and cut, numbers are brought into
range, and without liberg nothing happens. Layers nest within a thread; one left by an exception is
ended. An object may be used by any number of threads, and within itself.
"""
import atexit
import functools
import importlib
import inspect
import os
import sys

from . import _lib

__all__ = ["Layer", "Counter", "network", "module", "layer", "phase", "phase_begin", "phase_end",
           "thread_name", "iteration", "iterations", "marker", "counter", "enabled", "set_sync_hook", "now_ns",
           "found", "load"]

found = _lib.found
"""False: liberg is not on this machine, and nothing here does anything."""

_layers_on, _counted_on = _lib.layers_on, _lib.counted_on
_begin, _end = _lib.begin, _lib.end

now_ns = _lib.now_ns
"""CLOCK_MONOTONIC, ns (0 without liberg)."""


def enabled():
    """True while a session records layers."""
    return bool(_layers_on.value or _counted_on.value)


def _decorate(scope, function):
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function) \
            or inspect.isasyncgenfunction(function):
        raise TypeError(f"erg: {function.__qualname__} can be suspended between its begin and its "
                        "end, and a layer cannot: use `with` around what runs in one piece")

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        with scope:
            return function(*args, **kwargs)
    return wrapper


class Layer:
    """A network, module or layer: a context manager, a decorator, and the parent of others.

    id: that of erg.h; 0 is no layer.
    """

    __slots__ = ("id", "name", "_known")

    def __init__(self, ident, name):
        self.id = ident
        self.name = name
        self._known = {}

    def __enter__(self):
        if _layers_on.value or _counted_on.value:
            _begin(self.id)
        return self

    def __exit__(self, *_):
        if _layers_on.value or _counted_on.value:
            _end(self.id)
        return False

    def begin(self):
        self.__enter__()

    def end(self):
        self.__exit__()

    def __call__(self, function):
        return _decorate(self, function)

    def __repr__(self):
        return f"<erg.Layer {self.id} {self.name!r}>"

    def module(self, name, type="module"):
        """A group of layers within this one. The same name gives the same object."""
        known = self._known.get(name)
        if known is None:
            ident = _lib.module(self.id, _lib.text(name), _lib.text(type))
            known = self._known.setdefault(name, Layer(ident, name))
        return known

    def layer(self, name, type="layer", **info):
        """A layer within this one. The same name gives the same object, whose first definition
        holds.

        type: conv, pool, fc, relu, lrn, concat, softmax, norm, attention, ...
        macs: multiply-accumulates of one call; params: number of parameters;
        bytes_in, bytes_out, bytes_params: of one call;
        input, output, kernel: shapes, at most 8 dimensions.
        """
        known = self._known.get(name)
        if known is None:
            known = self._known.setdefault(name, Layer(define(self.id, name, type, **info), name))
        return known


def define(parent, name, type="layer", macs=0, params=0, bytes_in=0, bytes_out=0, bytes_params=0,
           input=(), output=(), kernel=()):
    """The id of a layer within the id PARENT: erg_layer() of erg.h."""
    info = _lib.LayerInfo(size=_lib.ctypes.sizeof(_lib.LayerInfo), name=_lib.text(name),
                          type=_lib.text(type), macs=_lib.clamp(macs, 64),
                          params=_lib.clamp(params, 64), bytes_in=_lib.clamp(bytes_in, 64),
                          bytes_out=_lib.clamp(bytes_out, 64),
                          bytes_params=_lib.clamp(bytes_params, 64))
    for field, shape in (("in", input), ("out", output), ("kernel", kernel)):
        shape = tuple(shape)[:_lib.MAX_DIMS]
        setattr(info, field + "_dims", len(shape))
        for i, extent in enumerate(shape):
            getattr(info, field + "_shape")[i] = _lib.clamp(extent, 32)
    return _lib.layer(parent, info)


_networks = {}


def network(name):
    """The network of that name."""
    known = _networks.get(name)
    if known is None:
        known = _networks.setdefault(name, Layer(_lib.network(_lib.text(name)), name))
    return known


def _program():
    name = os.environ.get("ERG_NETWORK")
    if not name:
        name = os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0]
    return network(name or "python")


def module(name, type="module"):
    """A module of the program's network: $ERG_NETWORK, or the name of the script."""
    return _program().module(name, type)


def layer(name, type="layer", **info):
    """A layer of the program's network: see Layer.layer."""
    return _program().layer(name, type, **info)


class phase:
    """A phase of the program (setup, warm-up, inference, idle): `with` or a decorator."""

    __slots__ = ("name",)

    def __init__(self, name):
        self.name = _lib.text(name)

    def __enter__(self):
        _lib.phase_begin(self.name)
        return self

    def __exit__(self, *_):
        _lib.phase_end(self.name)
        return False

    def __call__(self, function):
        return _decorate(self, function)


def phase_begin(name):
    _lib.phase_begin(_lib.text(name))


def phase_end(name):
    _lib.phase_end(_lib.text(name))


def thread_name(name):
    """The calling thread's name in what is recorded."""
    _lib.thread_name(_lib.text(name))


def iteration(number):
    """The calling thread's current iteration (inference or training step), 0 at first."""
    _lib.iteration(_lib.clamp(number, 32))


def iterations(iterable, start=0):
    """Yields what ITERABLE does; each item is an iteration of the thread that takes it."""
    for number, item in enumerate(iterable, start):
        iteration(number)
        yield item


def marker(text, color=0):
    """A moment worth a label. color: 0xRRGGBB, 0 for any."""
    _lib.marker(_lib.text(text), _lib.clamp(color, 32))


class Counter:
    """One of the program's own counters, which layers carry. Define it before the first layer
    begins; at most 32 in all, what is more counts nothing."""

    __slots__ = ("_index", "name")

    def __init__(self, name):
        self.name = name
        self._index = _lib.counter(_lib.text(name))

    def add(self, n=1):
        if _layers_on.value or _counted_on.value:
            _lib.counter_add(self._index, int(n))


def counter(name):
    return Counter(name)


_sync_hook = None


def set_sync_hook(hook):
    """Calls HOOK() at the end of each layer, before its time is taken, to wait for an asynchronous
    device; None for none. It serialises the device with the host."""
    global _sync_hook
    kept = _lib.SYNC_HOOK(lambda _: hook()) if hook else _lib.SYNC_HOOK()
    _lib.set_sync_hook(kept, None)
    _sync_hook = kept  # the one before may go only now


def load(*paths, options=(), pandas=None):
    """The results of PATHS as tables: archives, results of erg-analyze (JSON), folders of either, or one
    database of `erg-analyze export --to sqlite`.

        r = erg.load("runs")
        r.layers[["run", "name", "energy_j", "energy_j_lo", "energy_j_hi"]]

    options: of erg-analyze export, such as ["--rail", "VDD_GPU"].
    pandas: True or False: tables are DataFrames, or lists of dictionaries; None: as pandas is there or not.
    Returns an object with runs, factors, layers, counters, phases, points and warnings, as
    erg-analyze-export(1) describes them. Raises RuntimeError with what erg-analyze said, OSError for a
    file that is not there.
    """
    from . import _results
    return _results.load(paths, options, pandas)


# Threads may end layers while the interpreter, and with it the hook, is taken apart.
atexit.register(set_sync_hook, None)


def __getattr__(name):
    if name in ("onnxruntime", "torch"):
        return importlib.import_module("." + name, __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
