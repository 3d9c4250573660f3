/**
 * Coincidence matrices (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", step 2).
 *
 *   o_ck = sum over items of  (pairs of values c, k by different labelers) / (m_item - 1)
 *
 * with m_item values of an item; items with one value pair with nothing and are left out. Rows and columns are the
 * levels of the scale in order; the matrix is symmetric and sums to the number of pairable values.
 *
 * What differs: items come grouped by how often each level was given. A million ratings on a scale of five are a few
 * hundred such patterns, which the database counts, so that neither the matrix nor its bootstrap grows with the ratings.
 */
export interface CountPattern {
  /** How often each level was given to such an item, lowest level first. */
  counts: readonly number[];
  /** Items of this pattern. */
  items: number;
}

/** The patterns, each with its share of the matrix laid out for summing again and again under other weights. */
export interface CoincidenceTable {
  levels: number;
  /** Items of each pattern: how the sample was. */
  items: Float64Array;
  /** Entries of pattern p are those from `start[p]` to `start[p + 1]`. */
  start: Int32Array;
  /** Row-major index into the matrix. */
  cell: Int32Array;
  /** What one item of the pattern adds there. */
  share: Float64Array;
}

/** @param levels number of levels of the scale */
export function coincidenceTable(patterns: readonly CountPattern[], levels: number): CoincidenceTable {
  const pairable = patterns.filter(({ counts }) => sum(counts) >= 2);
  const start = [0];
  const cell: number[] = [];
  const share: number[] = [];
  for (const { counts } of pairable) {
    const others = sum(counts) - 1;
    const given = counts.flatMap((count, level) => (count > 0 ? [level] : []));
    for (const c of given) {
      for (const k of given) {
        const pairs = counts[c] * (counts[k] - (c === k ? 1 : 0));
        if (pairs === 0) continue;
        cell.push(c * levels + k);
        share.push(pairs / others);
      }
    }
    start.push(cell.length);
  }
  return {
    levels,
    items: Float64Array.from(pairable, ({ items }) => items),
    start: Int32Array.from(start),
    cell: Int32Array.from(cell),
    share: Float64Array.from(share),
  };
}

/**
 * The matrix when there are `items[p]` items of pattern p.
 *
 * @returns [levels * levels], row-major
 */
export function coincidences(table: CoincidenceTable, items: Float64Array = table.items): Float64Array {
  const matrix = new Float64Array(table.levels * table.levels);
  for (let p = 0; p < items.length; p++) {
    if (items[p] === 0) continue;
    for (let e = table.start[p]; e < table.start[p + 1]; e++) matrix[table.cell[e]] += items[p] * table.share[e];
  }
  return matrix;
}

/** Row sums n_c: how often each level occurs among pairable values. */
export function marginals(matrix: Float64Array, levels: number): Float64Array {
  const totals = new Float64Array(levels);
  for (let c = 0; c < levels; c++) for (let k = 0; k < levels; k++) totals[c] += matrix[c * levels + k];
  return totals;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
