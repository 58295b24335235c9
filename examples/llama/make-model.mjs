// A small random model in the GGUF format, version 3: the llama architecture, with the 256 bytes as its
// vocabulary. What it says means nothing; what it costs per token is what a model of that size costs.
//
//	node make-model.mjs FILE [f32|f16|q8_0] [BLOCKS] [WIDTH]
//
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The same arguments give the same bytes.
import {writeFileSync} from "node:fs";

const [file, type = "f16", blocksText = "4", widthText = "384"] = process.argv.slice(2);
const blocks = Number(blocksText), width = Number(widthText);
const types = {f32: 0, f16: 1, q8_0: 8}; // ggml's numbers

if (!file || !(type in types) || !(blocks > 0) || !(width > 0 && width % 64 === 0)) {
	console.error("usage: node make-model.mjs FILE [f32|f16|q8_0] [BLOCKS] [WIDTH, a multiple of 64]");
	process.exit(2);
}

const heads = width / 64, inner = 3 * width, words = 3 + 256;

// Uniform in [-1, 1): a linear congruential generator, Numerical Recipes' constants.
let state = 1;
function random() {
	state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
	return state / 2 ** 31 - 1;
}

// ---- numbers ----

const float = new Float32Array(1), bits = new Uint32Array(float.buffer);

// Of values far from the ends of the range: rounds to the nearest.
function half(v) {
	float[0] = v;
	const exponent = ((bits[0] >>> 23) & 255) - 112;

	if (exponent <= 0)
		return 0;
	return ((bits[0] >>> 16) & 0x8000) | ((exponent << 10) + ((bits[0] & 0x7fffff) + 0x1000 >>> 13));
}

function encode(values, as) {
	if (as === "f32")
		return Buffer.from(Float32Array.from(values).buffer);
	if (as === "f16")
		return Buffer.from(Uint16Array.from(values, half).buffer);
	// q8_0: blocks of 32 with one scale.
	const out = Buffer.alloc(values.length / 32 * 34);

	for (let b = 0; b < values.length / 32; b++) {
		const block = values.slice(32 * b, 32 * b + 32);
		const scale = Math.max(...block.map(Math.abs)) / 127;

		out.writeUInt16LE(half(scale), 34 * b);
		block.forEach((v, i) => out.writeInt8(Math.round(v / (scale || 1)), 34 * b + 2 + i));
	}
	return out;
}

// ---- the file's parts ----

const u32 = v => { const b = Buffer.alloc(4); b.writeUInt32LE(v); return b; };
const i32 = v => { const b = Buffer.alloc(4); b.writeInt32LE(v); return b; };
const f32 = v => { const b = Buffer.alloc(4); b.writeFloatLE(v); return b; };
const u64 = v => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(v)); return b; };
const text = s => { const b = Buffer.from(s, "utf8"); return Buffer.concat([u64(b.length), b]); };
const kinds = {u32: [4, u32], i32: [5, i32], f32: [6, f32], text: [8, text]};

function entry(key, kind, value) {
	const [number, write] = kinds[kind];

	return Buffer.concat([text(key), u32(number), write(value)]);
}

function list(key, kind, values) {
	const [number, write] = kinds[kind];

	return Buffer.concat([text(key), u32(9), u32(number), u64(values.length), ...values.map(write)]);
}

const hex = n => n.toString(16).toUpperCase().padStart(2, "0");
const bytes = Array.from({length: 256}, (_, i) => i);
const meta = [
	entry("general.architecture", "text", "llama"),
	entry("general.name", "text", `random-${blocks}x${width}-${type}`),
	entry("general.file_type", "u32", {f32: 0, f16: 1, q8_0: 7}[type]),
	entry("llama.context_length", "u32", 4096),
	entry("llama.embedding_length", "u32", width),
	entry("llama.block_count", "u32", blocks),
	entry("llama.feed_forward_length", "u32", inner),
	entry("llama.rope.dimension_count", "u32", 64),
	entry("llama.attention.head_count", "u32", heads),
	entry("llama.attention.head_count_kv", "u32", heads),
	entry("llama.attention.layer_norm_rms_epsilon", "f32", 1e-5),
	entry("llama.vocab_size", "u32", words),
	entry("tokenizer.ggml.model", "text", "llama"),
	list("tokenizer.ggml.tokens", "text", ["<unk>", "<s>", "</s>", ...bytes.map(i => `<0x${hex(i)}>`)]),
	list("tokenizer.ggml.scores", "f32", Array(words).fill(0)),
	// 2: unknown, 3: control, 6: a byte.
	list("tokenizer.ggml.token_type", "i32", [2, 3, 3, ...bytes.map(() => 6)]),
	entry("tokenizer.ggml.unknown_token_id", "u32", 0),
	entry("tokenizer.ggml.bos_token_id", "u32", 1),
	entry("tokenizer.ggml.eos_token_id", "u32", 2)
];

// [name, shape with the fastest dimension first]; vectors are the norms' and stay f32.
const tensors = [["token_embd.weight", [width, words]]];

for (let i = 0; i < blocks; i++)
	tensors.push(
		[`blk.${i}.attn_norm.weight`, [width]],
		[`blk.${i}.attn_q.weight`, [width, width]],
		[`blk.${i}.attn_k.weight`, [width, width]],
		[`blk.${i}.attn_v.weight`, [width, width]],
		[`blk.${i}.attn_output.weight`, [width, width]],
		[`blk.${i}.ffn_norm.weight`, [width]],
		[`blk.${i}.ffn_gate.weight`, [width, inner]],
		[`blk.${i}.ffn_up.weight`, [width, inner]],
		[`blk.${i}.ffn_down.weight`, [inner, width]]
	);
tensors.push(["output_norm.weight", [width]], ["output.weight", [width, words]]);

const infos = [], data = [];
let offset = 0;

const aligned = n => Math.ceil(n / 32) * 32;

for (const [name, shape] of tensors) {
	const as = shape.length === 1 ? "f32" : type, n = shape.reduce((a, b) => a * b);
	const values = shape.length === 1 ? Array(n).fill(1) :
		Array.from({length: n}, () => random() / Math.sqrt(shape[0]));
	const raw = encode(values, as);

	infos.push(text(name), u32(shape.length), ...shape.map(u64), u32(types[as]), u64(offset));
	data.push(raw, Buffer.alloc(aligned(raw.length) - raw.length));
	offset += aligned(raw.length);
}

const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(meta.length), ...meta, ...infos]);

writeFileSync(file, Buffer.concat([head, Buffer.alloc(aligned(head.length) - head.length), ...data]));
