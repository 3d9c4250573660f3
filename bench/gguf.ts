/**
 * Reads a GGUF file, writes it as a folder of safetensors, and answers 20 prompts greedily with the
 * model's own chat template; tools/oracles/gguf_real_model.py then compares weights and answers with
 * gguf-py and transformers.
 *
 *   npm run build && node dist/bench/gguf.js MODEL.gguf FOLDER
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { writeCheckpointDir } from '#src/lm/files/checkpoint.js';
import { Generator } from '#src/lm/decode/generate.js';
import { loadCheckpoint } from '#src/lm/files/load-checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';

const maxNewTokens = 32;
const prompts = [
  'What is the capital of France?',
  'Write one sentence about the sea.',
  'How many legs does a spider have?',
  'Explain photosynthesis to a child.',
  'Give me three names for a cat.',
  'Translate "good morning" into Spanish.',
  'What is 12 + 30?',
  'Why is the sky blue?',
  'Name a planet larger than Earth.',
  'Write a haiku about winter.',
  'What does a compiler do?',
  'Is a tomato a fruit?',
  'Tell me a short joke.',
  'Who wrote Hamlet?',
  'List the primary colours.',
  'How do I boil an egg?',
  'What is the opposite of "cold"?',
  'Summarise: The meeting was moved from Monday to Friday at 3 pm.',
  'Is 17 a prime number?\nAnswer yes or no.',
  'Complete: naïve café — 日本語 …',
];

const [path, folder] = process.argv.slice(2);
if (!path || !folder) throw new Error('usage: node dist/bench/gguf.js MODEL.gguf FOLDER');
const started = performance.now();
const checkpoint = await loadCheckpoint(path);
const seconds = (performance.now() - started) / 1000;
const parameters = Object.values(checkpoint.tensors).reduce((sum, { data }) => sum + data.length, 0);
console.log(`${path}: ${parameters} parameters read and dequantized in ${seconds.toFixed(2)} s`);
await writeCheckpointDir(folder, checkpoint);

const tokenizer = Tokenizer.fromFiles(checkpoint.tokenizer);
const { chat_template: template, ...tokens } = JSON.parse(checkpoint.tokenizer.tokenizerConfigJson) as Record<string, unknown>;
const render = (content: string): string =>
  new Template(String(template)).render({ ...tokens, messages: [{ role: 'user', content }], add_generation_prompt: true });
const texts = prompts.map(render);
const ids = texts.map((text) => tokenizer.encode(text, { special: true }));
const generator = new Generator(checkpoint, { maxRows: 4 });
const requests = ids.map((prompt) => ({ ids: prompt, seeds: [0] }));
const answers = await generator.generate(requests, { temperature: 0, maxNewTokens });
await generator.dispose();
const report = prompts.map((prompt, i) => ({ prompt, text: texts[i], ids: ids[i], answer: answers[i][0].tokenIds }));
await writeFile(join(folder, 'answers.json'), JSON.stringify({ maxNewTokens, answers: report }));
console.log(`first answer: ${tokenizer.decode(answers[0][0].tokenIds)}`);
