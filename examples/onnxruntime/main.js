// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a network of one image: node main.js FILE.onnx [RUNS]. It knows nothing of ergtrace.
'use strict';
const ort = require('onnxruntime-node');

async function main(file, runs) {
    const session = await ort.InferenceSession.create(file, {intraOpNumThreads: 1});
    const width = Number(process.env.WIDTH || 128);
    const image = new Float32Array(3 * width * width).map((_, i) => Math.sin(i));
    let classes;
    for (let i = 0; i < runs; i++)
        ({classes} = await session.run({image: new ort.Tensor('float32', image, [1, 3, width, width])}));
    console.log(Array.from(classes.data, (p) => p.toPrecision(6)).join(' '));
}

main(process.argv[2], Number(process.argv[3] || 200));
