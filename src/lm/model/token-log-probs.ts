/**
 * Log-probabilities and entropies of chosen tokens, in chunks: logits of a large vocabulary are by far the largest
 * values of a training step ([tokens, vocabulary] against [tokens, hidden]), and with a chunk's results kept for the
 * backward pass (nn/recompute.ts) no more than one chunk of them is ever in memory.
 */
import { type Node } from '#src/nn/graph.js';
import { concat, logSoftmax, mul, slice } from '#src/nn/ops.js';
import { type Model } from './layers.js';
import { entropyOf, lmLogits, ofTargets } from './transformer.js';

export interface TokenLogProbs {
  /** log p(target) [n] */
  logProbs: Node;
  /** Logits, divided by the temperature [n, vocab]; only those of one chunk exist at a time where they are in several. */
  logits: Node;
  /** In nats, of the distributions the targets come from [n]. */
  entropies: Node;
  /** Nodes that recomputation should keep instead of logits; in forward order. */
  kept: Node[];
}

const chunkBytes = 32 * 1024 ** 2;
const multiple = 64;

/** Tokens whose logits take about 32 MiB. */
export function chunkTokens(vocabSize: number): number {
  return multiple * Math.max(1, Math.floor(chunkBytes / (4 * vocabSize * multiple)));
}

/**
 * hidden [n, hidden], the states that predict the tokens; `targets` int64 [n]. The policy is softmax(logits / temperature). All at once when `tokensAtOnce` is left out.
 */
export function tokensAt(
  model: Model,
  hidden: Node,
  targets: Node,
  { temperature, tokensAtOnce = Infinity }: { temperature: number; tokensAtOnce?: number },
): TokenLogProbs {
  const [n] = targets.shape;
  const count = Math.max(1, Math.ceil(n / tokensAtOnce));
  const chunks = Array.from({ length: count }, (_, i) => {
    const part = (all: Node): Node => (count === 1 ? all : slice(all, 0, i * tokensAtOnce, Math.min(n, (i + 1) * tokensAtOnce)));
    const raw = lmLogits(model, part(hidden)); // [chunk, vocab]
    const logits = temperature === 1 ? raw : mul(raw, 1 / temperature);
    const all = logSoftmax(logits, -1);
    return { logits, logProbs: ofTargets(all, part(targets)), entropies: entropyOf(all) };
  });
  return {
    logits: concat(chunks.map(({ logits }) => logits), 0),
    logProbs: concat(chunks.map(({ logProbs }) => logProbs), 0),
    entropies: concat(chunks.map(({ entropies }) => entropies), 0),
    kept: chunks.map(({ logProbs }) => logProbs),
  };
}
