// Which expectations a gold item may have under a criterion version.
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import type { CriterionVersion } from './criterion-version.entity.js';
import type { GoldExpectation } from './gold-item.entity.js';

/** The first mistake; undefined when there is none. */
export function goldMistake(
  expected: readonly GoldExpectation[],
  worseCompletionId: string | null,
  { scale, dimensions }: Pick<CriterionVersion, 'scale' | 'dimensions'>,
): ProblemDetail | undefined {
  if ((expected.length > 0) === (worseCompletionId !== null)) {
    return { pointer: '/expected', rule: 'oneOf', message: 'give expected, for ratings, or worseCompletionId, for comparisons: exactly one of them' };
  }
  const low = scale[0].value;
  const high = scale[scale.length - 1].value;
  const names = dimensions?.map(({ name }) => name) ?? [];
  for (const [i, { dimension, minimum, maximum }] of expected.entries()) {
    const detail = (field: string, rule: string, message: string, value: unknown): ProblemDetail => ({
      pointer: `/expected/${i}/${field}`,
      rule,
      message,
      value: shorten(value),
    });
    if (dimension !== null && !names.includes(dimension)) {
      return detail('dimension', 'dimension', names.length > 0 ? `the dimensions are: ${names.join(', ')}` : 'the criterion version has no dimensions', dimension);
    }
    if (expected.findIndex((other) => other.dimension === dimension) !== i) {
      return detail('dimension', 'unique', 'this dimension has an expectation already', dimension);
    }
    if (minimum > maximum) return detail('minimum', 'range', `minimum lies above maximum ${maximum}`, minimum);
    if (maximum < low) return detail('maximum', 'onScale', `the scale begins at ${low}`, maximum);
    if (minimum > high) return detail('minimum', 'onScale', `the scale ends at ${high}`, minimum);
    if (minimum <= low && maximum >= high) return detail('minimum', 'tells', 'every score of the scale would pass', minimum);
  }
  return undefined;
}
