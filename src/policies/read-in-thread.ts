/**
 * Reads the texts of an uploaded checkpoint in a thread that can be ended. A chat template is a program, and a tokenizer
 * brings regular expressions: either may run for ever or fill the memory, and neither may take the API with it.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { TextsAnswer, UploadedTexts } from './uploaded-texts.js';

export interface ThreadLimits {
  milliseconds: number;
  megabytes: number;
}

/** The largest tokenizers (30 MB of JSON) are read in a few seconds and half of this memory. */
const usual: ThreadLimits = { milliseconds: 30_000, megabytes: 1024 };

// Compiled also where the sources themselves are run, in tests.
const entry = createRequire(import.meta.url).resolve('#src/policies/uploaded-texts-thread.js');

/** Files whose reading does not end within the limits are refused as a tokenizer that cannot be read. */
export function readInThread(texts: UploadedTexts, limits: ThreadLimits = usual): Promise<TextsAnswer> {
  const thread = new Worker(entry, { workerData: texts, resourceLimits: { maxOldGenerationSizeMb: limits.megabytes }, execArgv: [] });
  return new Promise<TextsAnswer>((resolve, reject) => {
    const refuse = (why: string) =>
      resolve({ problem: { code: 'model_tokenizer_invalid', file: 'tokenizer.json', message: `the tokenizer and its chat template ${why}` } });
    const timer = setTimeout(() => refuse(`were not read within ${limits.milliseconds / 1000} seconds`), limits.milliseconds);
    thread.once('message', (answer: TextsAnswer) => resolve(answer));
    thread.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') refuse(`took more than ${limits.megabytes} MB to read`);
      else reject(error);
    });
    thread.once('exit', (code) => reject(new Error(`the thread that reads uploads ended with ${code}`)));
    thread.once('exit', () => clearTimeout(timer));
  }).finally(() => thread.terminate());
}
