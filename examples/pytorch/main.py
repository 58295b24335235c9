#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a network of nets.py with random weights on random pixels, annotated for ergtrace."""
import argparse

import torch

import erg
import nets


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("network", choices=sorted(nets.NETWORKS))
    p.add_argument("-n", type=int, default=10, metavar="N", help="inferences or steps (10)")
    p.add_argument("--batch", type=int, default=1, metavar="N", help="images each (1)")
    p.add_argument("--train", action="store_true", help="training steps, with the backward layers")
    p.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ... (cpu)")
    p.add_argument("--sync", action="store_true", help="wait for the device at each layer's end")
    return p.parse_args()


def main():
    args = parse()
    torch.manual_seed(1)
    with erg.phase("setup"):
        model = nets.NETWORKS[args.network]().to(args.device).train(args.train)
        images = torch.randn(args.batch, *model.input, device=args.device)
        labels = torch.zeros(args.batch, dtype=torch.long, device=args.device)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
    erg.torch.annotate(model, args.network, backward=args.train, sync=args.sync)
    with erg.phase("training" if args.train else "inference"), torch.set_grad_enabled(args.train):
        for _ in range(args.n):
            scores = model(images)
            if args.train:
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(scores, labels).backward()
                optimizer.step()
    print(f"{args.network}: class {scores[0].argmax().item()}, sum {scores.sum().item():.4f}")


main()
