#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload of tests/hw/nvidia: inferences of ResNet-50 (examples/pytorch/nets.py) with random
weights, its modules as NVTX ranges.

Prints one JSON object: seconds of the inferences, and what NVML's energy counter said at their
begin and end. Where PyTorch has no NVTX (a build for the CPU), the modules are annotated by erg.torch, if
that is there."""
import argparse
import ctypes
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../examples/pytorch"))

import torch  # noqa: E402

import nets  # noqa: E402

try:
    import erg
except ImportError:  # run without erg-record --annotate python
    erg = None


class Counter:
    """Energy of one GPU since its driver was loaded, mJ, by NVML."""

    def __init__(self, index):
        self.nvml = ctypes.CDLL("libnvidia-ml.so.1")
        self.device = ctypes.c_void_p()
        for result in (self.nvml.nvmlInit_v2(), self.nvml.nvmlDeviceGetHandleByIndex_v2(
                ctypes.c_uint(index), ctypes.byref(self.device))):
            if result:
                raise SystemExit(f"NVML: GPU {index}: error {result}")

    def read(self):
        mj = ctypes.c_ulonglong()
        result = self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.device, ctypes.byref(mj))
        if result:
            raise SystemExit(f"NVML: no energy counter: error {result}")
        return mj.value

    def read_fresh(self):
        """Just after it changed: an update may take 100 ms."""
        first, end = self.read(), time.monotonic() + 1
        while time.monotonic() < end:
            mj = self.read()
            if mj != first:
                return mj
        return first


def nvtx_ranges(model):
    """Each module without children is a range of its path."""
    def begin(name):
        def push(module, args):
            torch.cuda.nvtx.range_push(name)
        return push

    def end(module, args, output):
        torch.cuda.nvtx.range_pop()

    for name, module in model.named_modules():
        if not next(module.children(), None):
            module.register_forward_pre_hook(begin(name))
            module.register_forward_hook(end)


def annotate(model):
    """Returns a function to be called around an inference, and how the modules are annotated."""
    try:
        torch.cuda.nvtx.range_push("probe")
        torch.cuda.nvtx.range_pop()
    except RuntimeError:
        if erg:
            erg.torch.annotate(model, "resnet50")
        return model, "erg.torch"
    nvtx_ranges(model)

    def inference(images):
        torch.cuda.nvtx.range_push("resnet50")
        scores = model(images)
        torch.cuda.nvtx.range_pop()
        return scores
    return inference, "nvtx"


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("-n", type=int, default=500, metavar="N", help="inferences (500)")
    p.add_argument("--batch", type=int, default=32, metavar="N", help="images each (32)")
    p.add_argument("--device", default="cuda", help="cuda or cpu (cuda)")
    p.add_argument("--gpu", type=int, default=0, metavar="I", help="of NVML, for its counter (0)")
    return p.parse_args()


def main():
    args = parse()
    torch.manual_seed(1)
    wait = torch.cuda.synchronize if args.device == "cuda" else lambda: None
    model = nets.ResNet50().to(args.device).eval()
    images = torch.randn(args.batch, *model.input, device=args.device)
    counter = Counter(args.gpu)
    with torch.no_grad():
        for _ in range(max(3, args.n // 20)):  # cuDNN chooses its kernels, clocks rise
            model(images)
        wait()
        inference, how = annotate(model)
        mj, begin = counter.read_fresh(), time.monotonic()
        if erg:
            erg.phase_begin("inference")
        for _ in range(args.n):
            inference(images)
        wait()
        end, last = time.monotonic(), counter.read_fresh()
        if erg:
            erg.phase_end("inference")
    json.dump({"seconds": end - begin, "counter_j": (last - mj) / 1e3, "annotated": how,
               "inferences": args.n, "batch": args.batch, "torch": torch.__version__,
               "cuda": torch.version.cuda, "device": torch.cuda.get_device_name()
               if args.device == "cuda" else "CPU"}, sys.stdout)
    print()


main()
