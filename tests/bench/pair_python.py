# SPDX-License-Identifier: GPL-3.0-or-later
"""What the package erg adds: a layer by `with`, and the hooks of one PyTorch module. The least of
several rounds, with and without in turn. Exit: 0 bounds held, 3 one missed, 1 not measured."""
import sys
import time

import erg

BOUND_US = 5.0
ROUNDS, CALLS = 15, 20000


def least(*functions):
    """The least time of each, us a call."""
    best = [float("inf")] * len(functions)
    for _ in range(ROUNDS):
        for i, function in enumerate(functions):
            start = time.perf_counter_ns()
            for _ in range(CALLS):
                function()
            best[i] = min(best[i], (time.perf_counter_ns() - start) / CALLS / 1000)
    return best


def by_with(layer):
    def run():
        with layer:
            pass
    return run


def main(state):
    if not erg.found or erg.enabled() != (state == "recording"):
        print(f"  liberg is not there, or is not {state}", file=sys.stderr)
        return 1
    results = [("a layer by `with`", *least(lambda: None, by_with(erg.layer("a"))))]
    try:
        import torch
    except ImportError:
        print("  a PyTorch module: skipped, python3-torch is not installed")
    else:
        bare, hooked, x = torch.nn.Identity(), torch.nn.Identity(), torch.zeros(1)
        # The model is a network with its iterations; its child is a layer like any other.
        erg.torch.annotate(torch.nn.Sequential(hooked), "bench")
        results.append(("hooks of a PyTorch module", *least(lambda: bare(x), lambda: hooked(x))))
    for name, without, with_ in results:
        print(f"  {name}, {state}: {with_ - without:.2f} us (bound {BOUND_US:.0f}; the call itself {without:.2f})")
    return 3 if any(with_ - without > BOUND_US for _, without, with_ in results) else 0


sys.exit(main(sys.argv[1]))
