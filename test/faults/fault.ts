/** One name of `npm run faults`: breaks a running system so many times, and counts what did not survive it. */
export type Fault = (drill: Drill) => Promise<FaultReport>;

export interface Drill {
  rounds: number;
  /** Parts of the drill; all when left out. */
  only?: readonly string[];
  /** About so many pieces of work, for a drill that counts them; what the drill is for when left out. */
  tasks?: number;
  /** Tells a person what is going on; never part of the figures. */
  notes: (line: string) => void;
}

/** What every drill counts; each adds figures of its own. */
export interface FaultReport {
  rounds: number;
  /** Pieces of work that were accepted and whose result is not there. */
  lost: number;
  /** Pieces of work whose result is there twice. */
  doubled: number;
  /** Pieces of work that had not ended when the drill gave up waiting. */
  stuck: number;
  /** Results equal those of an undisturbed run, to the bit; null where there is nothing to compare. */
  hashesEqual: boolean | null;
  /** Limits of time that were passed, in words. */
  slow?: string[];
  /** Promises of the drill's own that did not hold, in words. */
  broken?: string[];
  /** What was not broken as it should have been, in words: the counts then prove nothing. */
  unproven?: string[];
  [figure: string]: unknown;
}
