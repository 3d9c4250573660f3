/** The texts of an uploaded checkpoint: what they say of the model, or why no worker could run it. Runs in a thread of its own. */
import { chatFraming } from '#src/lm/text/chat.js';
import { withChatTemplate } from '#src/lm/files/checkpoint.js';
import { parseConfig, type Head, type ModelConfig } from '#src/lm/model/config.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';

export interface UploadedTexts {
  config: string;
  generation?: string;
  tokenizer: string;
  tokenizerConfig?: string;
  template?: string;
  /** What the model must be. */
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
    attempt('model_config_invalid', 'generation_config.json', () => JSON.parse(texts.generation ?? '{}') as unknown);
    attempt('model_tokenizer_invalid', 'tokenizer.json', () => checkTokenizer(texts, config));
    return { config };
  } catch (error) {
    if (error instanceof Refused) return { problem: error.problem };
    throw error;
  }
}

function readConfig({ config: json, head }: UploadedTexts): ModelConfig {
  const config = parseConfig(JSON.parse(json));
  if (config.head === head) return config;
  throw new Error(head === 'lm' ? 'a reward model cannot be a policy' : 'a reward model has an architecture ...ForSequenceClassification with one label, and a score.weight');
}

function checkTokenizer({ tokenizer: tokenizerJson, tokenizerConfig = '{}', template }: UploadedTexts, config: ModelConfig): void {
  const tokenizerConfigJson = template === undefined ? tokenizerConfig : withChatTemplate(tokenizerConfig, template);
  const tokenizer = Tokenizer.fromFiles({ tokenizerJson, tokenizerConfigJson });
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(`the tokenizer has ${tokenizer.vocabSize} tokens, the configuration only ${config.vocabSize}`);
  }
  // Throws when its chat template cannot frame a prompt.
  chatFraming(tokenizer);
}

function attempt<T>(code: TextProblem['code'], file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Refused({ code, file, message: (error as Error).message });
  }
}
