#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload of tests/hw/nvidia: inferences of ResNet-50 (examples/pytorch/nets.py) with random
weights, its modules as NVTX ranges.

Prints one JSON object: the inferences, their seconds and what they took by NVML's energy counter,
and what ran. Where PyTorch has no NVTX (a build for the CPU), the modules are annotated by
erg.torch, if that is there."""
import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../examples/pytorch"))

import torch  # noqa: E402

import nets  # noqa: E402
from counter import Counter  # noqa: E402

try:
    import erg
except ImportError:  # run without erg-record --annotate python
    erg = None


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

        def work():
            for _ in range(args.n):
                inference(images)
            wait()
        if erg:
            erg.phase_begin("inference")
        said = counter.measure(work)
        if erg:
            erg.phase_end("inference")
    json.dump({**said, "inferences": args.n, "device": "CPU" if args.device == "cpu" else "GPU",
               "workload": f"ResNet-50, batches of {args.batch}, PyTorch {torch.__version__}, CUDA "
                           f"{torch.version.cuda}, modules annotated by {how}"}, sys.stdout)
    print()


main()
