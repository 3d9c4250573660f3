// What both sides compute: a decoder of SmolLM2-135M's shape with random weights, and how much text.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCheckpointDir, type Checkpoint } from '#src/lm/files/checkpoint.js';
import { type ModelConfig } from '#src/lm/model/config.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import { type TokenizerFiles } from '#src/lm/text/tokenizer.js';
import { initWeights, rewardWeightsFrom } from '#src/lm/files/weights.js';
import { parseConfig } from '#src/lm/model/config.js';

/** Pairs per step; tokens of a prompt and of a completion; completions of a group and their tokens. */
export const sizes = { pairs: 4, prompt: 128, completion: 64, group: 8, new: 64 } as const;

export const config: ModelConfig = parseConfig({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 100_000,
  vocab_size: 49_152,
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 1,
  pad_token_id: 0,
});

export const lora = { rank: 16, alpha: 32 } as const;

/** The policy in memory, and folders with it and with a reward model made from it. */
export async function writeModels(): Promise<{ policy: Checkpoint; folders: { root: string; policy: string; reward: string } }> {
  const policy: Checkpoint = { config, tokenizer: tokenizerOf(config.vocabSize), tensors: initWeights(config, 'bench') };
  const root = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  const folders = { root, policy: join(root, 'policy'), reward: join(root, 'reward') };
  await writeCheckpointDir(folders.policy, policy);
  const reward: Checkpoint = { ...policy, config: { ...config, head: 'reward' }, tensors: rewardWeightsFrom(policy.tensors, config, 'bench') };
  await writeCheckpointDir(folders.reward, reward);
  return { policy, folders };
}

/** Bytes, a few words, and names for all other ids, so that whatever random weights write can be decoded. */
function tokenizerOf(size: number): TokenizerFiles {
  const files = trainBpe(['word word word'], { merges: 8, specialTokens: ['<|pad|>', '<|end|>'], eos: '<|end|>', pad: '<|pad|>' });
  const json = JSON.parse(files.tokenizerJson) as { model: { vocab: Record<string, number> } };
  const { vocab } = json.model;
  for (let id = Object.keys(vocab).length; id < size; id++) vocab[`w${id.toString(36)}`] = id;
  return { ...files, tokenizerJson: JSON.stringify(json) };
}
