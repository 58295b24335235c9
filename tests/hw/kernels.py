#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload of tests/hw/nvidia where PyTorch is not: three layers of 0.25 s each by the CUDA
driver alone, which a sensor that answers ten times a second can tell apart. "multiply" computes,
"stream" reads and writes memory, "upload" copies from the host.

Prints one JSON object as resnet50.py does."""
import argparse
import ctypes
import json
import os
import sys
import time

try:
    import erg
except ImportError:  # run without erg-record --annotate python
    erg = None

from counter import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCKS, THREADS, ROWS = 1024, 256, 256  # rows of a word a thread: 256 MiB
ROUNDS = 20000
UPLOAD = 16 << 20  # bytes
LAYER_S = 0.25


class Cuda:
    """One GPU, by the driver's API; each call's error ends the program."""

    def __init__(self):
        self.lib = ctypes.CDLL("libcuda.so.1")
        device, self.context, module = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuInit", ctypes.c_uint(0))
        self.call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(0))
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), device)
        self.call("cuCtxSetCurrent", self.context)
        with open(os.path.join(HERE, "kernels.ptx"), "rb") as file:
            self.call("cuModuleLoadData", ctypes.byref(module), file.read() + b"\0")
        self.kernels = {}
        for name in ("multiply", "stream"):
            self.kernels[name] = ctypes.c_void_p()
            self.call("cuModuleGetFunction", ctypes.byref(self.kernels[name]), module,
                      name.encode())
        self.memory = ctypes.c_uint64()
        size = BLOCKS * THREADS * ROWS * 4
        self.call("cuMemAlloc_v2", ctypes.byref(self.memory), ctypes.c_size_t(size))
        self.call("cuMemsetD8_v2", self.memory, ctypes.c_ubyte(0), ctypes.c_size_t(size))
        self.host = ctypes.create_string_buffer(UPLOAD)

    def call(self, name, *args):
        error = getattr(self.lib, name)(*args)
        if error:
            raise SystemExit(f"CUDA: {name}: error {error}")

    def launch(self, name, n):
        n = ctypes.c_uint(n)
        parameters = (ctypes.c_void_p * 2)(*(ctypes.cast(ctypes.pointer(p), ctypes.c_void_p)
                                             for p in (self.memory, n)))
        sizes = [ctypes.c_uint(x) for x in (BLOCKS, 1, 1, THREADS, 1, 1, 0)]
        self.call("cuLaunchKernel", self.kernels[name], *sizes, ctypes.c_void_p(0), parameters,
                  ctypes.c_void_p(0))

    def upload(self):
        self.call("cuMemcpyHtoD_v2", self.memory, self.host, ctypes.c_size_t(UPLOAD))

    def wait(self):
        self.call("cuCtxSynchronize")

    def version(self):
        version = ctypes.c_int()
        self.call("cuDriverGetVersion", ctypes.byref(version))
        return f"{version.value // 1000}.{version.value % 1000 // 10}"


def times_of(cuda, launch):
    """How often LAUNCH makes a layer of LAYER_S. The first time it may be slower."""
    launch()
    cuda.wait()
    begin = time.monotonic()
    for _ in range(10):
        launch()
    cuda.wait()
    return max(1, round(LAYER_S * 10 / (time.monotonic() - begin)))


def layers_of(cuda):
    """(layer, launch, times) in the order of an inference; the layer is None without liberg."""
    launches = [("multiply", "conv", lambda: cuda.launch("multiply", ROUNDS)),
                ("stream", "copy", lambda: cuda.launch("stream", ROWS)),
                ("upload", "input", cuda.upload)]
    network = erg and erg.network("kernels")
    return [(network and network.layer(name, type=kind), launch, times_of(cuda, launch))
            for name, kind, launch in launches]


def run(cuda, layers, n):
    for i in range(n):
        if erg:
            erg.iteration(i)
        for layer, launch, times in layers:
            if layer:
                layer.__enter__()
            for _ in range(times):
                launch()
            if layer:
                layer.__exit__(None, None, None)
    cuda.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("-n", type=int, default=80, metavar="N", help="rounds of the layers (80)")
    p.add_argument("--gpu", type=int, default=0, metavar="I", help="of NVML, for its counter (0)")
    args = p.parse_args()
    counter, cuda = Counter(args.gpu), Cuda()
    layers = layers_of(cuda)
    run(cuda, [(None, *rest) for _, *rest in layers], 3)  # clocks rise
    if erg:
        erg.phase_begin("inference")
    said = counter.measure(lambda: run(cuda, layers, args.n))
    if erg:
        erg.phase_end("inference")
    json.dump({**said, "inferences": args.n, "device": "GPU", "workload":
               f"kernels by the driver alone (CUDA {cuda.version()})"}, sys.stdout)
    print()


main()
