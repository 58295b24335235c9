# SPDX-License-Identifier: MIT
"""A stand-in for the package erg of ergtrace, in one file, to be copied beside a program.

It gives way to the package where that is on Python's path (`erg-record run --annotate python` puts it
there). Elsewhere everything has its name, takes what it is given, and does nothing.
"""
import functools
import importlib
import importlib.util
import os
import sys
import types


def _package():
    """The package erg, from elsewhere on Python's path than here; None if there is none."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in sys.path:
        init = os.path.join(folder, "erg", "__init__.py")
        if os.path.abspath(folder or ".") != here and os.path.isfile(init):
            return importlib.util.spec_from_file_location(
                "erg", init, submodule_search_locations=[os.path.dirname(init)])
    return None


class _Nothing:
    """A layer, network, module, phase, counter or annotation that is none."""

    id, name, found = 0, "", False

    def __init__(self, model=None):
        self.model = model

    def __enter__(self):
        return self if self.model is None else self.model

    def __exit__(self, *_):
        return False

    def __call__(self, function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper

    def begin(self):
        pass

    end = remove = begin

    def add(self, n=1):
        pass

    def module(self, *_, **__):
        return _Nothing()

    layer = module


def _make(*_, **__):
    return _Nothing()


def _none(*_, **__):
    return None


def _iterations(iterable, start=0):
    yield from iterable


def _plain(name):
    """erg.onnxruntime's SessionOptions are ONNX Runtime's own."""
    if name != "SessionOptions":
        raise AttributeError(name)
    return importlib.import_module("onnxruntime").SessionOptions


def _stand_in(module):
    for name in ("network", "module", "layer", "phase", "counter"):
        setattr(module, name, _make)
    for name in ("phase_begin", "phase_end", "thread_name", "iteration", "marker", "set_sync_hook"):
        setattr(module, name, _none)
    module.Layer = module.Counter = _Nothing
    module.iterations = _iterations
    module.found = False
    module.enabled = lambda: False
    module.now_ns = module.define = lambda *_, **__: 0
    module.torch = types.ModuleType("erg.torch")
    module.torch.annotate = lambda model, *_, **__: _Nothing(model)
    module.onnxruntime = types.ModuleType("erg.onnxruntime")
    module.onnxruntime.__getattr__ = _plain
    sys.modules["erg.torch"], sys.modules["erg.onnxruntime"] = module.torch, module.onnxruntime


_spec = _package()
if _spec:
    _module = importlib.util.module_from_spec(_spec)
    sys.modules["erg"] = _module
    _spec.loader.exec_module(_module)
else:
    _stand_in(sys.modules[__name__])
