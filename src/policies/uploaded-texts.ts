/** Reads the text files of an uploaded checkpoint: the model's metadata, or why no worker could run it. Runs in a child process. */
import { chatFraming } from '#src/lm/text/chat.js';
import { withChatTemplate } from '#src/lm/files/checkpoint.js';
import { parseConfigs, type Head, type ModelConfig } from '#src/lm/model/config.js';
import { withEnds } from '#src/lm/files/token-roles.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';

export interface UploadedTexts {
  config: string;
  generation?: string;
  tokenizer: string;
  tokenizerConfig?: string;
  template?: string;
  /** Required kind of model. */
  head: Head;
}

interface TextProblem {
  code: 'model_config_invalid' | 'model_tokenizer_invalid';
  file: string;
  message: string;
}

export type TextsAnswer = { config: ModelConfig } | { problem: TextProblem };

class Refused extends Error {
  constructor(readonly problem: TextProblem) {
    super(problem.message);
  }
}

export function readUploadedTexts(texts: UploadedTexts): TextsAnswer {
  try {
    const config = attempt('model_config_invalid', 'config.json', () => readConfig(texts));
    attempt('model_tokenizer_invalid', 'tokenizer.json', () => checkTokenizer(texts, config));
    return { config };
  } catch (error) {
    if (error instanceof Refused) return { problem: error.problem };
    throw error;
  }
}

function readConfig({ config: json, generation, head }: UploadedTexts): ModelConfig {
  const defaults = attempt('model_config_invalid', 'generation_config.json', () => JSON.parse(generation ?? '{}') as unknown);
  const config = parseConfigs(JSON.parse(json), defaults);
  if (config.head === head) return config;
  throw new Error(head === 'lm' ? 'a reward model cannot be a policy' : 'a reward model has an architecture ...ForSequenceClassification with one label, and a score.weight');
}

function checkTokenizer({ tokenizer: tokenizerJson, tokenizerConfig = '{}', template }: UploadedTexts, config: ModelConfig): void {
  const tokenizerConfigJson = template === undefined ? tokenizerConfig : withChatTemplate(tokenizerConfig, template);
  const tokenizer = Tokenizer.fromFiles(withEnds({ tokenizerJson, tokenizerConfigJson }, config));
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(`the tokenizer has ${tokenizer.vocabSize} tokens, more than the vocab_size ${config.vocabSize} of config.json`);
  }
  // Throws when its chat template cannot frame a prompt.
  const { stopTokenIds } = chatFraming(tokenizer);
  if (config.head === 'lm' && stopTokenIds.length === 0 && config.eosTokenIds.length === 0) {
    throw new Error('the model has no end-of-sequence token: set eos_token in tokenizer_config.json, or eos_token_id in config.json or generation_config.json');
  }
}

function attempt<T>(code: TextProblem['code'], file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused({ code, file, message: (error as Error).message });
  }
}
