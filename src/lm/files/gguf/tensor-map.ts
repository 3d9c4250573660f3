/**
 * Tensors of a GGUF file -> Hugging Face's names and layouts. Two layouts differ:
 *
 * - `llama` rotates neighbouring dimensions, so the rows of its query and key maps were reordered when
 *   the file was made: row 2i + s of a head is Hugging Face's row s * headDim / 2 + i.
 * - GPT-2's linear maps are [out, in] in the file and [in, out] at Hugging Face.
 */
import { type Tensor } from '#src/nn/tensor.js';
import { type Architecture } from './architecture.js';
import { GgufError } from './gguf-error.js';

type Layout = 'plain' | 'queries' | 'keys' | 'transposed';

interface Place {
  name: string;
  layout: Layout;
}

const llamaLayer: Record<string, string> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

const gpt2Layer: Record<string, string> = {
  attn_norm: 'ln_1',
  attn_qkv: 'attn.c_attn',
  attn_output: 'attn.c_proj',
  ffn_norm: 'ln_2',
  ffn_up: 'mlp.c_fc',
  ffn_down: 'mlp.c_proj',
};

const llamaTop: Record<string, string> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
};

const gpt2Top: Record<string, string> = {
  'token_embd.weight': 'transformer.wte.weight',
  'position_embd.weight': 'transformer.wpe.weight',
  'output_norm.weight': 'transformer.ln_f.weight',
  'output_norm.bias': 'transformer.ln_f.bias',
  'output.weight': 'lm_head.weight',
};

export const ropeFactorsName = 'rope_freqs.weight';

/** Where a tensor belongs. Throws GgufError for one that this architecture does not have. */
export function placeOf(name: string, architecture: Architecture): Place {
  const isGpt2 = architecture === 'gpt2';
  const top = (isGpt2 ? gpt2Top : llamaTop)[name];
  if (top) return { name: top, layout: 'plain' };
  const match = /^blk\.(\d+)\.([a-z_]+)\.(weight|bias)$/.exec(name);
  const modules = isGpt2 ? gpt2Layer : llamaLayer;
  if (!match || !Object.hasOwn(modules, match[2]))
    throw new GgufError(`tensor "${name}" has no place in a model of architecture ${architecture}`);
  const [, layer, module, kind] = match;
  const prefix = isGpt2 ? 'transformer.h' : 'model.layers';
  return { name: `${prefix}.${layer}.${modules[module]}.${kind}`, layout: layoutOf(architecture, module, kind) };
}

function layoutOf(architecture: Architecture, module: string, kind: string): Layout {
  if (architecture === 'llama' && module === 'attn_q') return 'queries';
  if (architecture === 'llama' && module === 'attn_k') return 'keys';
  const isMatrix = kind === 'weight' && !module.endsWith('norm');
  return architecture === 'gpt2' && isMatrix ? 'transposed' : 'plain';
}

/** Values in the file's order, in Hugging Face's. `heads` are those of queries and of keys. */
export function toHuggingFaceLayout(
  { shape, data }: { shape: number[]; data: Float32Array },
  layout: Layout,
  heads: { queries: number; keys: number },
): Tensor {
  if (layout === 'transposed') return { dtype: 'float32', ...transposed(shape, data) };
  if (layout === 'plain') return { dtype: 'float32', shape, data };
  return { dtype: 'float32', shape, data: split(shape, data, heads[layout]) };
}

function transposed([rows, columns]: number[], data: Float32Array): { shape: number[]; data: Float32Array } {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c];
  return { shape: [columns, rows], data: out };
}

/** Rows [heads, headDim / 2, 2] -> [heads, 2, headDim / 2]. */
function split(shape: number[], data: Float32Array, heads: number): Float32Array {
  const [rows, width] = [shape[0], data.length / shape[0]];
  const half = rows / heads / 2;
  if (!Number.isInteger(half)) throw new GgufError(`${rows} rows do not divide into pairs of ${heads} heads`);
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const [head, within] = [Math.floor(row / (2 * half)), row % (2 * half)];
    const to = head * 2 * half + (within % 2) * half + (within >> 1);
    out.set(data.subarray(row * width, (row + 1) * width), to * width);
  }
  return out;
}
