import type { BenchCase } from './report.js';

/** One area of `npm run bench`: measures, and says what did not hold of what it promises. */
export type Area = (notes: Notes) => Promise<AreaResult>;

/** Tells a person what is going on; never part of the figures. */
export type Notes = (line: string) => void;

export interface AreaResult {
  cases: BenchCase[];
  /** One line per broken promise; the command then exits with 1. Speed alone is no promise. */
  broken: string[];
}
