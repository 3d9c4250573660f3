/**
 * Length-controlled win rate: what the win rate would be, by a fitted model, if both versions wrote equally long.
 *
 * Dubois, Galambosi, Liang, Hashimoto (2024), "Length-Controlled AlpacaEval", arXiv:2404.04475. For item i with
 * y_i in [0, 1] (1 won, 0.5 tie; several judgements averaged) and d_i = characters of the candidate's answer less
 * those of the baseline's:
 *
 *   P(candidate preferred) = sigmoid(theta + phi * tanh(d_i / std(d)))      controlled win rate = sigmoid(theta)
 *
 * What differs from the paper: no term for the difficulty of the instruction, which needs the answers of many models
 * and cannot be told from theta with two; a fixed weak ridge on phi alone, so that answers that length separates
 * perfectly still have a finite fit; an interval by bootstrap over prompts, which the paper does not give.
 */
import { deviation, mean } from '#src/common/statistics.js';
import { groupByPrompt, promptInterval, type BootstrapOptions } from './prompt-interval.js';

export interface LengthItem {
  promptId: string;
  /** Seen from the candidate, 0 to 1. */
  score: number;
  /** Candidate less baseline, in characters. */
  lengthDifference: number;
}

export interface LengthControlledWinRate {
  winRate: number;
  low: number;
  high: number;
  /** phi, in logits for a much longer answer: above 0, the judge preferred the longer answer. */
  lengthEffect: number;
  /** Length of the candidate minus that of the baseline, in characters. */
  meanLengthDifference: number;
}

/** Weight of phi^2 / 2 in the negative log likelihood: a normal prior with variance 10. */
const ridge = 0.1;

/** A draw starts from the fit of the whole, so few steps are needed; 300 draws fix an end of the interval to about 1%. */
const resamples = 300;

/** Null when there is nothing to control: no item. */
export function lengthControlledWinRate(
  items: readonly LengthItem[],
  options: BootstrapOptions,
): LengthControlledWinRate | null {
  if (items.length === 0) return null;
  const differences = items.map((item) => item.lengthDifference);
  const spread = deviation(differences);
  const prompts = groupByPrompt(items);
  const rows = prompts.flat().map(({ score, lengthDifference }) => ({
    y: score,
    x: spread > 0 ? Math.tanh(lengthDifference / spread) : 0,
  }));
  const promptOf = prompts.flatMap((group, prompt) => group.map(() => prompt));
  const weights = rows.map(() => 1);
  const whole = fitLogistic(rows, weights, ridge);
  const interval = promptInterval(
    prompts.length,
    (times) => {
      for (let i = 0; i < weights.length; i++) weights[i] = times[promptOf[i]];
      return sigmoid(fitLogistic(rows, weights, ridge, whole).theta);
    },
    { resamples, ...options },
  );
  return {
    winRate: sigmoid(whole.theta),
    ...interval,
    lengthEffect: whole.phi,
    meanLengthDifference: mean(differences),
  };
}

export interface LogisticFit {
  theta: number;
  phi: number;
}

/**
 * Newton's method on the two coefficients, each step halved until the penalised likelihood does not fall.
 * Where every answer won (or lost), theta has no finite fit and is plus (or minus) infinity, phi 0.
 */
export function fitLogistic(
  rows: readonly { y: number; x: number }[],
  weights: readonly number[],
  penalty: number,
  start: LogisticFit = { theta: 0, phi: 0 },
): LogisticFit {
  let [won, total] = [0, 0];
  rows.forEach(({ y }, i) => {
    won += weights[i] * y;
    total += weights[i];
  });
  if (won === 0 || won === total) return { theta: won === 0 ? -Infinity : Infinity, phi: 0 };
  const loss = (theta: number, phi: number): number => {
    let sum = (penalty / 2) * phi * phi;
    for (let i = 0; i < rows.length; i++) {
      const z = theta + phi * rows[i].x;
      sum += weights[i] * (softplus(z) - rows[i].y * z);
    }
    return sum;
  };
  let { theta, phi } = Number.isFinite(start.theta) ? start : { theta: 0, phi: 0 };
  for (let iteration = 0; iteration < 100; iteration++) {
    // Gradient and Hessian of the loss.
    let [g0, g1, h00, h01, h11] = [0, penalty * phi, 0, 0, penalty];
    for (let i = 0; i < rows.length; i++) {
      const { x, y } = rows[i];
      const p = sigmoid(theta + phi * x);
      const [error, curvature] = [weights[i] * (p - y), weights[i] * p * (1 - p)];
      g0 += error;
      g1 += error * x;
      h00 += curvature;
      h01 += curvature * x;
      h11 += curvature * x * x;
    }
    const determinant = h00 * h11 - h01 * h01;
    const [s0, s1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    const before = loss(theta, phi);
    let scale = 1;
    while (scale > 1e-3 && !(loss(theta - scale * s0, phi - scale * s1) <= before)) scale /= 2;
    theta -= scale * s0;
    phi -= scale * s1;
    // The step after such a one would be its square.
    if (!(Math.abs(s0) + Math.abs(s1) > 1e-7)) break;
  }
  return { theta, phi };
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** log(1 + exp(z)) without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
