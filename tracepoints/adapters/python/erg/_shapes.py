# SPDX-License-Identifier: MIT
"""What a module does with an input of a given shape: the shape of its output, and how many
multiply-accumulates.

    convolution             elements of the output * inputs of one output (kernel * channels / groups)
    transposed convolution  elements of the input * kernel * output channels / groups
    linear                  elements of the output * inputs
    bilinear                elements of the output * first inputs * second inputs
    recurrent               steps * directions * gates * hidden * (inputs + hidden), for each layer
    attention               four projections, and 2 * queries * keys * embedding
    pooling, normalisation, activation    none; with elementwise, one for each element they look at

Formulas of output shapes: the documentation of torch.nn.
"""
import math

import torch
from torch import nn


class Found:
    __slots__ = ("type", "macs", "output", "kernel")

    def __init__(self, type="", macs=0, output=(), kernel=()):
        self.type, self.macs, self.output, self.kernel = type, macs, tuple(output), tuple(kernel)


def product(shape):
    return math.prod(int(extent) for extent in shape)


def _weight(m):
    """A quantized module packs its weight, and unpacks it when it is asked."""
    return m.weight() if callable(m.weight) else m.weight


def _quantized(*names):
    """Those of its classes that this PyTorch has, wherever it keeps them."""
    ao = getattr(getattr(torch, "ao", None), "nn", nn)
    where = getattr(ao, "quantized", None) or getattr(nn, "quantized", None)
    return tuple(getattr(where, name) for name in names if hasattr(where, name))


def packed(m):
    """The parameters of a quantized module, which has none by name."""
    own = (getattr(m, name, None) for name in ("weight", "bias"))
    return [p for p in (f() for f in own if callable(f)) if isinstance(p, torch.Tensor)]


def _each(value, n):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


def _window(extent, kernel, stride, padding, dilation, ceil=False):
    """Places of a window along one dimension."""
    room = extent + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil:
        return room // stride + 1
    places = -(-room // stride) + 1
    # The last window must begin within the input or its left padding.
    return places - 1 if (places - 1) * stride >= extent + padding else places


def _conv(m, x, elementwise):
    n = len(m.kernel_size)
    if isinstance(m.padding, str):
        total = [d * (k - 1) if m.padding == "same" else 0
                 for d, k in zip(m.dilation, m.kernel_size)]
        spatial = [(e + t - d * (k - 1) - 1) // s + 1 for e, t, d, k, s in
                   zip(x[-n:], total, m.dilation, m.kernel_size, m.stride)]
    else:
        spatial = [_window(*each) for each in
                   zip(x[-n:], m.kernel_size, m.stride, m.padding, m.dilation)]
    output = (*x[:-n - 1], m.out_channels, *spatial)
    inputs = product(m.kernel_size) * (m.in_channels // m.groups)
    depthwise = m.groups > 1 and m.groups == m.in_channels == m.out_channels
    return Found("dwconv" if depthwise else "conv", product(output) * inputs, output,
                 _weight(m).shape)


def _deconv(m, x, elementwise):
    n = len(m.kernel_size)
    spatial = [(e - 1) * s - 2 * p + d * (k - 1) + o + 1 for e, s, p, d, k, o in
               zip(x[-n:], m.stride, m.padding, m.dilation, m.kernel_size, m.output_padding)]
    macs = product(x) * product(m.kernel_size) * (m.out_channels // m.groups)
    return Found("deconv", macs, (*x[:-n - 1], m.out_channels, *spatial), m.weight.shape)


def _linear(m, x, elementwise):
    output = (*x[:-1], m.out_features)
    return Found("fc", product(output) * m.in_features, output, _weight(m).shape)


def _bilinear(m, x, elementwise):
    output = (*x[:-1], m.out_features)
    return Found("fc", product(output) * m.in1_features * m.in2_features, output, m.weight.shape)


def _dimensions(m):
    """2 for MaxPool2d and for what is derived from it."""
    names = (c.__name__ for c in type(m).__mro__ if c.__module__.startswith("torch.nn."))
    return next(int(name[-2]) for name in names if name.endswith("d"))


def _pool(m, x, elementwise):
    n = _dimensions(m)
    kernel, padding = _each(m.kernel_size, n), _each(m.padding, n)
    stride = _each(m.stride if m.stride is not None else m.kernel_size, n)
    dilation = _each(getattr(m, "dilation", 1), n)
    output = (*x[:-n], *(_window(*each, m.ceil_mode) for each in
                         zip(x[-n:], kernel, stride, padding, dilation)))
    return Found("pool", product(output) * product(kernel) if elementwise else 0, output, kernel)


def _adaptive_pool(m, x, elementwise):
    n = _dimensions(m)
    spatial = [e if want is None else want for e, want in zip(x[-n:], _each(m.output_size, n))]
    return Found("pool", product(x) if elementwise else 0, (*x[:-n], *spatial))


def _same(type, per_element=lambda m: 1):
    def describe(m, x, elementwise):
        return Found(type, product(x) * per_element(m) if elementwise else 0, x)
    return describe


def _embedding(m, x, elementwise):
    return Found("embedding", 0, (*x, m.embedding_dim), m.weight.shape)


def _flatten(m, x, elementwise):
    n = len(x)
    first, last = m.start_dim % n, m.end_dim % n
    return Found("flatten", 0, (*x[:first], product(x[first:last + 1]), *x[last + 1:]))


def _cell_macs(gates, inputs, hidden):
    return gates * hidden * (inputs + hidden)


def _cell(m, x, elementwise):
    gates = m.weight_hh.shape[0] // m.hidden_size
    output = (*x[:-1], m.hidden_size)
    return Found("rnn", product(x[:-1]) * _cell_macs(gates, m.input_size, m.hidden_size), output)


def _rnn(m, x, elementwise):
    gates = m.weight_hh_l0.shape[0] // m.hidden_size
    directions = 2 if m.bidirectional else 1
    state = m.proj_size or m.hidden_size
    macs, inputs = 0, m.input_size
    for _ in range(m.num_layers):
        macs += directions * (gates * m.hidden_size * (inputs + state) +
                              m.proj_size * m.hidden_size)
        inputs = directions * state
    output = (*x[:-1], directions * state)
    return Found(type(m).__name__.lower(), product(x[:-1]) * macs, output)


def _attention(m, args, elementwise):
    query = args[0].shape
    key = args[1].shape if len(args) > 1 else query
    embed = m.embed_dim
    time = 0 if len(query) == 2 or not m.batch_first else 1
    batch = 1 if len(query) == 2 else query[1 - time]
    queries, keys = query[time], key[time]
    attended = keys + (m.bias_k is not None) + bool(m.add_zero_attn)
    projections = embed * (2 * queries * embed + keys * (m.kdim + m.vdim))
    macs = batch * (projections + 2 * queries * attended * embed)
    return Found("attention", macs, query)


def _sizes(m):
    return m.size


_ACTIVATIONS = "ReLU ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Sigmoid Tanh Softplus " \
    "Softsign Hardtanh Hardsigmoid Hardswish Hardshrink Softshrink Tanhshrink LogSigmoid Threshold"

_KINDS = [
    ((nn.Conv1d, nn.Conv2d, nn.Conv3d, *_quantized("Conv1d", "Conv2d", "Conv3d")), _conv),
    ((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _deconv),
    ((nn.Linear, *_quantized("Linear")), _linear),
    (nn.Bilinear, _bilinear),
    ((nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), _pool),
    ((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d,
      nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d), _adaptive_pool),
    (nn.LocalResponseNorm, _same("lrn", _sizes)),
    ((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm, nn.LayerNorm, nn.GroupNorm,
      nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d), _same("norm")),
    ((nn.Softmax, nn.LogSoftmax, nn.Softmax2d, nn.Softmin), _same("softmax")),
    ((nn.Dropout, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout),
     _same("dropout")),
    (nn.Identity, _same("identity", lambda m: 0)),
    (nn.Embedding, _embedding),
    (nn.Flatten, _flatten),
    ((nn.RNN, nn.LSTM, nn.GRU), _rnn),
    ((nn.RNNCell, nn.LSTMCell, nn.GRUCell), _cell),
] + [(getattr(nn, name), _same(name.lower())) for name in _ACTIVATIONS.split() if hasattr(nn, name)]


def describe(module, args, elementwise):
    """What MODULE does with ARGS: a Found, empty for a kind that is not known here."""
    if isinstance(module, nn.MultiheadAttention):
        return _attention(module, args, elementwise) if args else Found("attention")
    x = args[0] if args else None
    if isinstance(x, nn.utils.rnn.PackedSequence):
        x = x.data
    for kinds, function in _KINDS:
        if isinstance(module, kinds):
            if not isinstance(x, torch.Tensor):
                break
            return function(module, tuple(x.shape), elementwise)
    return Found()
