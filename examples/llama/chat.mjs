// An application on llama.cpp: some requests, each a prompt that is read and an answer that is written
// token by token. It knows nothing of ergtrace.
//
//	node chat.mjs MODEL [requests=N] [prompt=TOKENS] [answer=TOKENS] [threads=N] [batch=TOKENS]
//
// Prints a digest of each answer: the same model and arguments give the same answers.
import {createHash} from "node:crypto";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const args = process.argv.slice(2);
const model = args.shift();
const options = {requests: 12, prompt: 200, answer: 250, threads: 1, batch: 512};

for (const arg of args) {
	const [key, value] = arg.split("=");

	if (!(key in options) || !(Number(value) > 0)) {
		console.error(`chat: ${arg}: expected one of ${Object.keys(options).join("=N, ")}=N`);
		process.exit(2);
	}
	options[key] = Number(value);
}
if (!model) {
	console.error("usage: node chat.mjs MODEL [requests=N] [prompt=N] [answer=N] [threads=N] [batch=N]");
	process.exit(2);
}

// What is in the package, and nothing else: nothing is built or downloaded.
const llama = await getLlama({gpu: false, build: "never", skipDownload: true, logLevel: LlamaLogLevel.error,
	maxThreads: options.threads});
const loaded = await llama.loadModel({modelPath: model});
const context = await loaded.createContext({contextSize: options.prompt + options.answer + 8,
	batchSize: options.batch, threads: options.threads});
const sequence = context.getSequence();

for (let request = 0; request < options.requests; request++) {
	const prompt = Array.from({length: options.prompt}, (_, i) => 3 + (31 * i + 7 * request) % 256);
	const answer = [];

	await sequence.clearHistory();
	for await (const token of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
		answer.push(token);
		if (answer.length === options.answer)
			break;
	}
	console.log(`answer ${request + 1}: ${answer.length} tokens,`,
		createHash("sha256").update(answer.join(" ")).digest("hex").slice(0, 16));
}
await llama.dispose();
