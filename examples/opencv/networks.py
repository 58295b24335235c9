#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes two networks of random weights into a folder: networks.py DIR [WIDTH]

squeeze.prototxt, squeeze.caffemodel  a Caffe network of fire modules, as in SqueezeNet
small.onnx                            a convolution, a depthwise one, one of 1x1, and a classifier

The weights are from a generator of its own, so that the files are the same everywhere. Both formats
are protocol buffers (https://protobuf.dev/programming-guides/encoding/); the numbers of their fields
are those of caffe.proto and onnx.proto, which never change.
"""
import math
import os
import struct
import sys

# ---- protocol buffers: a message is a list of fields, a field its number, its kind and its value


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def whole(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def message(field, *parts):
    return data(field, b"".join(parts))


seed = 1


def weights(shape):
    """Random floats, little-endian, so small that activations keep their size."""
    global seed
    n = math.prod(shape)
    scale = 3 / math.sqrt(n / shape[0])
    values = []
    for _ in range(n):
        seed = (seed * 1664525 + 1013904223) % 2**32
        values.append((seed / 2**32 - 0.5) * scale)
    return struct.pack("<%df" % n, *values)


# ---- Caffe: a text with the layers, a file with their weights by name

text, blobs = [], []


def caffe(name, kind, bottoms, top, parameters=""):
    lines = ['name: "%s"' % name, 'type: "%s"' % kind]
    lines += ['bottom: "%s"' % b for b in bottoms] + ['top: "%s"' % top]
    text.append("layer { %s %s }" % (" ".join(lines), parameters))
    return top


def caffe_conv(name, bottom, inputs, outputs, kernel, stride=1):
    caffe(name, "Convolution", [bottom], name,
          "convolution_param { num_output: %d kernel_size: %d stride: %d pad: %d }"
          % (outputs, kernel, stride, kernel // 2))
    shapes = ([outputs, inputs, kernel, kernel], [outputs])
    blobs.append(message(100, data(1, name), data(2, "Convolution"),
                         *(message(7, data(5, weights(s)),
                                   message(7, data(1, b"".join(map(varint, s))))) for s in shapes)))
    return caffe("relu_" + name, "ReLU", [name], name)


def fire(name, bottom, inputs, squeeze, expand):
    s = caffe_conv(name + "/squeeze1x1", bottom, inputs, squeeze, 1)
    a = caffe_conv(name + "/expand1x1", s, squeeze, expand, 1)
    b = caffe_conv(name + "/expand3x3", s, squeeze, expand, 3)
    return caffe(name + "/concat", "Concat", [a, b], name + "/concat")


def pool(name, bottom, parameters="kernel_size: 3 stride: 2"):
    return caffe(name, "Pooling", [bottom], name, "pooling_param { %s }" % parameters)


def squeeze(width):
    text.append('name: "squeeze" input: "data" input_shape { dim: 1 dim: 3 dim: %d dim: %d }'
                % (width, width))
    x = pool("pool1", caffe_conv("conv1", "data", 3, 32, 3, 2), "pool: MAX kernel_size: 3 stride: 2")
    x = fire("fire2", x, 32, 8, 32)
    x = pool("pool2", fire("fire3", x, 64, 8, 32), "pool: MAX kernel_size: 3 stride: 2")
    x = fire("fire4", x, 64, 16, 64)
    x = caffe_conv("conv10", x, 128, 10, 1)
    x = pool("pool10", x, "pool: AVE global_pooling: true")
    caffe("prob", "Softmax", [x], "prob")


# ---- ONNX

FLOAT, INT, INTS = 1, 2, 7


def attribute(name, value):
    if isinstance(value, list):
        return message(5, data(1, name), *(whole(8, v) for v in value), whole(20, INTS))
    return message(5, data(1, name), whole(3, value), whole(20, INT))


def node(op, name, inputs, output, **attributes):
    return message(1, *(data(1, i) for i in inputs), data(2, output), data(3, name), data(4, op),
                   *(attribute(k, v) for k, v in attributes.items()))


def onnx_conv(name, bottom, top, kernel, stride=1, group=1):
    return node("Conv", name, [bottom, name + ".w", name + ".b"], top, kernel_shape=[kernel] * 2,
                strides=[stride] * 2, pads=[kernel // 2] * 4, group=group)


def value(field, name, shape):
    dims = [message(1, whole(1, d)) for d in shape]
    return message(field, data(1, name), message(2, message(1, whole(1, FLOAT), message(2, *dims))))


def tensor(name, shape):
    return message(5, *(whole(1, d) for d in shape), whole(2, FLOAT), data(8, name),
                   data(9, weights(shape)))


def small(width):
    graph = [
        onnx_conv("conv1", "data", "a1", 3, 2),
        node("Relu", "relu1", ["a1"], "a2"),
        onnx_conv("dw2", "a2", "a3", 3, 2, 32),
        onnx_conv("conv2", "a3", "a4", 1),
        node("Relu", "relu2", ["a4"], "a5"),
        node("GlobalAveragePool", "mean", ["a5"], "a6"),
        node("Flatten", "flatten", ["a6"], "a7", axis=1),
        node("Gemm", "fc", ["a7", "fc.w", "fc.b"], "a8", transB=1),
        node("Softmax", "softmax", ["a8"], "classes", axis=1),
        data(2, "small"),
        *(tensor(n, s) for n, s in (
            ("conv1.w", [32, 3, 3, 3]), ("conv1.b", [32]), ("dw2.w", [32, 1, 3, 3]),
            ("dw2.b", [32]), ("conv2.w", [64, 32, 1, 1]), ("conv2.b", [64]),
            ("fc.w", [10, 64]), ("fc.b", [10]))),
        value(11, "data", [1, 3, width, width]),
        value(12, "classes", [1, 10]),
    ]
    return whole(1, 8) + message(7, *graph) + message(8, whole(2, 13))


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: networks.py DIR [WIDTH]")
    folder, width = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 128
    squeeze(width)
    with open(os.path.join(folder, "squeeze.prototxt"), "w") as f:
        f.write("\n".join(text) + "\n")
    with open(os.path.join(folder, "squeeze.caffemodel"), "wb") as f:
        f.write(data(1, "squeeze") + b"".join(blobs))
    with open(os.path.join(folder, "small.onnx"), "wb") as f:
        f.write(small(width))


main()
