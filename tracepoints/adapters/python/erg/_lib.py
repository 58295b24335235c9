# SPDX-License-Identifier: MIT
"""liberg by ctypes: the functions of erg.h, as they are.

The library is found from this package's own place, which is the same in a build tree and when
installed (LIBDIR/ergtrace/python/erg beside LIBDIR/liberg.so.0), else as the linker finds it. Where
it is missing everything here does nothing, so a program that is annotated runs everywhere.

PyDLL, not CDLL: the calls take about 0.1 us, less than giving up the interpreter lock and taking it
back. tests/bench/python prints what a pair costs.
"""
import ctypes
import os

MAX_DIMS = 8


class LayerInfo(ctypes.Structure):
    """struct erg_layer_info of erg.h"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("macs", ctypes.c_uint64),
        ("params", ctypes.c_uint64),
        ("bytes_in", ctypes.c_uint64),
        ("bytes_out", ctypes.c_uint64),
        ("bytes_params", ctypes.c_uint64),
        ("in_dims", ctypes.c_uint8),
        ("out_dims", ctypes.c_uint8),
        ("kernel_dims", ctypes.c_uint8),
        ("in_shape", ctypes.c_uint32 * MAX_DIMS),
        ("out_shape", ctypes.c_uint32 * MAX_DIMS),
        ("kernel_shape", ctypes.c_uint32 * MAX_DIMS),
    ]


def text(value):
    """UTF-8 of a name; liberg cleans and cuts it."""
    return str(value).encode("utf-8", "replace").replace(b"\0", b"?")


def clamp(value, bits):
    return max(0, min(int(value), (1 << bits) - 1))


def _nothing(*_):
    return 0


def _open():
    up = os.path.dirname
    own = os.path.join(up(up(up(up(os.path.abspath(__file__))))), "liberg.so.0")
    for path in (own, "liberg.so.0"):
        try:
            lib = ctypes.PyDLL(path)
            lib.erg_now_ns  # a library of that name that is another one
            return lib
        except (OSError, AttributeError):
            continue
    return None


lib = _open()
found = lib is not None

_U32, _U64, _STR = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p
SYNC_HOOK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _bind(name, result, *args):
    if not found:
        return _nothing
    function = getattr(lib, name)
    function.restype = result
    function.argtypes = args
    return function


network = _bind("erg_network", _U32, _STR)
module = _bind("erg_module", _U32, _U32, _STR, _STR)
layer = _bind("erg_layer", _U32, _U32, ctypes.POINTER(LayerInfo))
begin = _bind("erg_begin_", None, _U32)
end = _bind("erg_end_", None, _U32)
iteration = _bind("erg_iteration", None, _U32)
thread_name = _bind("erg_thread_name", None, _STR)
phase_begin = _bind("erg_phase_begin", None, _STR)
phase_end = _bind("erg_phase_end", None, _STR)
marker = _bind("erg_marker", None, _STR, _U32)
counter = _bind("erg_counter", _U32, _STR)
counter_add = _bind("erg_counter_add", None, _U32, ctypes.c_int64)
track = _bind("erg_track", _U32, _STR, ctypes.c_bool)
span = _bind("erg_span", None, _U32, _U32, _U64, _U64, _U32)
set_sync_hook = _bind("erg_set_sync_hook", None, SYNC_HOOK, ctypes.c_void_p)
now_ns = _bind("erg_now_ns", _U64)

# What erg_enabled() of erg.h looks at: the two states live in the library for as long as it does.
if found:
    _states = (ctypes.c_void_p * 2).in_dll(lib, "erg_enabled_")
    layers_on = ctypes.c_int.from_address(_states[0])
    counted_on = ctypes.c_int.from_address(_states[1])
else:
    layers_on = counted_on = ctypes.c_int(0)
