// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a small network as an ONNX file: node network.js FILE.onnx [WIDTH]
//
//   image 1x3xWIDTHxWIDTH  conv1 3x3/2 -> 32, relu, pool 2x2, dw2 3x3 depthwise, conv2 1x1 -> 64, relu,
//   conv3 3x3 -> 64, relu, mean, fc 64 -> 10, softmax
//
// Weights are from a generator of its own, so that the file is the same everywhere. ONNX is a
// protocol buffer (https://protobuf.dev/programming-guides/encoding/); the numbers of the fields are
// those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), which never change.
'use strict';
const fs = require('fs');

// ---- protocol buffers: a message is a list of fields, a field its number, its kind and its value

function varint(value) {
    const bytes = [];
    let v = BigInt.asUintN(64, BigInt(value));
    for (; v > 127n; v >>= 7n)
        bytes.push(Number(v & 127n) | 128);
    bytes.push(Number(v));
    return Buffer.from(bytes);
}

const whole = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);

function bytes(field, value) {
    const b = Buffer.isBuffer(value) ? value : Buffer.from(value);
    return Buffer.concat([varint((field << 3) | 2), varint(b.length), b]);
}

const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

// ---- ONNX

const FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7;

function attribute(name, value) {
    if (Array.isArray(value))
        return message(5, bytes(1, name), ...value.map((v) => whole(8, v)),
            whole(20, ATTRIBUTE_INTS));
    return message(5, bytes(1, name), whole(3, value), whole(20, ATTRIBUTE_INT));
}

function node(op, name, inputs, outputs, attributes = {}) {
    return message(1, ...inputs.map((i) => bytes(1, i)), ...outputs.map((o) => bytes(2, o)),
        bytes(3, name), bytes(4, op),
        ...Object.entries(attributes).map(([k, v]) => attribute(k, v)));
}

function value(field, name, shape) {
    const dims = shape.map((d) => message(1, whole(1, d)));
    return message(field, bytes(1, name), message(2, message(1, whole(1, FLOAT),
        message(2, ...dims))));
}

let seed = 1;
function random() {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
}

function tensor(name, shape) {
    const n = shape.reduce((a, b) => a * b, 1), data = Buffer.alloc(4 * n);
    for (let i = 0; i < n; i++)
        data.writeFloatLE(random() / Math.sqrt(n / shape[0]), 4 * i);
    return message(5, ...shape.map((d) => whole(1, d)), whole(2, FLOAT), bytes(8, name),
        bytes(9, data));
}

function conv(name, input, output, kernel, stride = 1, group = 1) {
    return node('Conv', name, [input, `${name}.w`, `${name}.b`], [output], {
        kernel_shape: [kernel, kernel], strides: [stride, stride], group,
        pads: Array(4).fill((kernel - 1) / 2),
    });
}

function network(width) {
    const graph = [
        conv('conv1', 'image', 'a1', 3, 2),
        node('Relu', 'relu1', ['a1'], ['a2']),
        node('MaxPool', 'pool1', ['a2'], ['a3'], {kernel_shape: [2, 2], strides: [2, 2]}),
        conv('dw2', 'a3', 'a4', 3, 1, 32),
        conv('conv2', 'a4', 'a5', 1),
        node('Relu', 'relu2', ['a5'], ['a6']),
        conv('conv3', 'a6', 'a7', 3),
        node('Relu', 'relu3', ['a7'], ['a8']),
        node('GlobalAveragePool', 'mean', ['a8'], ['a9']),
        node('Flatten', 'flatten', ['a9'], ['a10'], {axis: 1}),
        node('Gemm', 'fc', ['a10', 'fc.w', 'fc.b'], ['a11'], {transB: 1}),
        node('Softmax', 'softmax', ['a11'], ['classes'], {axis: 1}),
        bytes(2, 'small'),
        tensor('conv1.w', [32, 3, 3, 3]), tensor('conv1.b', [32]),
        tensor('dw2.w', [32, 1, 3, 3]), tensor('dw2.b', [32]),
        tensor('conv2.w', [64, 32, 1, 1]), tensor('conv2.b', [64]),
        tensor('conv3.w', [64, 64, 3, 3]), tensor('conv3.b', [64]),
        tensor('fc.w', [10, 64]), tensor('fc.b', [10]),
        value(11, 'image', [1, 3, width, width]),
        value(12, 'classes', [1, 10]),
    ];
    return Buffer.concat([whole(1, 8), message(7, ...graph), message(8, whole(2, 13))]);
}

if (process.argv.length < 3) {
    console.error('usage: node network.js FILE.onnx [WIDTH]');
    process.exit(2);
}
fs.writeFileSync(process.argv[2], network(Number(process.argv[3] || 128)));
