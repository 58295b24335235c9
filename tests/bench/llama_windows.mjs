// SPDX-License-Identifier: GPL-3.0-or-later
// Writes tokens in windows for tests/bench/llama: MODEL TOKENS. For each line of standard input one
// window: the CPU time of a token in us, on standard output. The first window is none: it warms up.
import {createInterface} from "node:readline";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const [model, tokensText, packages] = process.argv.slice(2);
const tokens = Number(tokensText);
const require = createRequire(packages + "/");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(require.resolve("node-llama-cpp")));
const llama = await getLlama({gpu: false, build: "never", skipDownload: true, logLevel: LlamaLogLevel.error,
	maxThreads: 1});
const loaded = await llama.loadModel({modelPath: model});
const context = await loaded.createContext({contextSize: tokens + 32, threads: 1});
const sequence = context.getSequence();

async function window_() {
	let n = 0, before = null;

	await sequence.clearHistory();
	for await (const _ of sequence.evaluate([3, 4, 5, 6], {temperature: 0, yieldEogToken: true})) {
		before ??= process.cpuUsage(); // the prompt and the first token are not counted
		if (++n > tokens)
			break;
	}
	const {user, system} = process.cpuUsage(before);

	return (user + system) / tokens;
}

await window_();
console.log("ready");
for await (const line of createInterface({input: process.stdin}))
	console.log(await window_());
process.exit(0);
