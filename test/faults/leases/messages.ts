/** What the drill gives to a process of claimers. */
export interface ClaimersTask {
  url: string;
  adminKey: string;
  batchId: string;
  /** External ids. */
  labelers: string[];
  /** Tasks of one claim. */
  k: number;
  ttlSeconds: number;
  /** From one request of a labeler to the next. */
  pauseMs: number;
  seed: string;
}

/** What such a process saw since it last told. */
export interface ClaimersReport {
  claimMs: number[];
  submitMs: number[];
  /** Tasks that were leased to its labelers. */
  claimed: string[];
  /** Tasks whose answer was taken. */
  accepted: string[];
  /** Answers refused since the lease was over. */
  late: number;
  /** Leases left to run out. */
  forgotten: number;
  unexpected: string[];
}
