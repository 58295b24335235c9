#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads of the Fathom kinds that are no convolutions, as small real networks of PyTorch.

usage: recurrent.py memnet|seq2seq|speech [ITERATIONS]

Recorded with --annotate python, every module is a layer. Needs python3-torch; without it says so by the
workload's name and exits 77.
"""
import sys

try:
    import torch
    from torch import nn
except ImportError:
    print("%s: skipped: PyTorch is not here (python3-torch)" % " ".join(sys.argv[1:2]), file=sys.stderr)
    sys.exit(77)


class MemNet(nn.Module):
    """End-to-end memory network, three hops (Sukhbaatar et al. 2015)."""

    def __init__(self, words=1000, size=150, hops=3):
        super().__init__()
        self.keys = nn.ModuleList(nn.Embedding(words, size) for _ in range(hops))
        self.values = nn.ModuleList(nn.Embedding(words, size) for _ in range(hops))
        self.question = nn.Embedding(words, size)
        self.answer = nn.Linear(size, words)

    def forward(self, story, question):
        u = self.question(question).sum(1)
        for key, value in zip(self.keys, self.values):
            match = torch.softmax((key(story).sum(2) * u.unsqueeze(1)).sum(2), 1)
            u = u + (match.unsqueeze(2) * value(story).sum(2)).sum(1)
        return self.answer(u)

    @staticmethod
    def inputs():
        return torch.randint(1000, (1, 50, 6)), torch.randint(1000, (1, 6))


class Seq2Seq(nn.Module):
    """Two LSTM layers in, two out (Sutskever et al. 2014)."""

    def __init__(self, words=8000, size=1024):
        super().__init__()
        self.source, self.target = nn.Embedding(words, size), nn.Embedding(words, size)
        self.encoder = nn.LSTM(size, size, 2, batch_first=True)
        self.decoder = nn.LSTM(size, size, 2, batch_first=True)
        self.words = nn.Linear(size, words)

    def forward(self, source, target):
        _, state = self.encoder(self.source(source))
        out, _ = self.decoder(self.target(target), state)
        return self.words(out)

    @staticmethod
    def inputs():
        return torch.randint(8000, (1, 20)), torch.randint(8000, (1, 20))


class Speech(nn.Module):
    """Deep Speech: three layers, a recurrent one both ways, one more, letters (Hannun et al. 2014)."""

    def __init__(self, size=2048):
        super().__init__()
        self.frames = nn.Sequential(nn.Linear(720, size), nn.ReLU(), nn.Linear(size, size), nn.ReLU(),
                                    nn.Linear(size, size), nn.ReLU())
        self.both = nn.RNN(size, size, bidirectional=True, nonlinearity="relu", batch_first=True)
        self.last, self.letters = nn.Linear(2 * size, size), nn.Linear(size, 29)

    def forward(self, x):
        out, _ = self.both(self.frames(x))
        return self.letters(torch.relu(self.last(out)))

    @staticmethod
    def inputs():
        return (torch.randn(1, 50, 720),)


NETWORKS = {"memnet": MemNet, "seq2seq": Seq2Seq, "speech": Speech}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in NETWORKS:
        sys.exit("usage: recurrent.py %s [ITERATIONS]" % "|".join(NETWORKS))
    torch.manual_seed(1)
    torch.set_num_threads(1)
    net = NETWORKS[sys.argv[1]]().eval()
    with torch.no_grad():
        for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 10):
            net(*net.inputs())


main()
