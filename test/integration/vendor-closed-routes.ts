/**
 * Routes that are closed to vendors on purpose, by resource. A new route stands here or in the openings of
 * vendor-walk.spec.ts: somebody has thought about what a vendor would see.
 */
const closed: Readonly<Record<string, string>> = {
  apiKeys: 'create list revoke rotate',
  vendors: 'create update',
  auditLog: 'list',
  health: 'scrapeMetrics',
  jobs: 'list get getOutcome streamEvents listLogs listMetrics cancel pause resume retry',
  workers: 'list',
  artifacts: 'upload list get download traceLineage',
  models: 'get',
  lineage: 'trace',
  prompts: 'create list createBulk get',
  promptSets: 'create list get listPrompts',
  policies: 'create list get listAliases getAlias putAlias',
  policyVersions: 'create list get',
  completions: 'createBulk list get listScores',
  completionBatches: 'create list get listFailures',
  criteria: 'create list get createVersion listVersions publishVersion',
  goldItems: 'create list get retire',
  labelingBatches: 'create close',
  pilots: 'create list get',
  pairSets: 'create list preview get listPairs getDiagnostics listLabelerWeights export',
  rewardModels: 'create list plan get listMetrics listMembers listEvaluations score scoreTexts findDisagreement upload',
  trainingRuns: 'create list plan get listMetrics getDiagnostics listSamples listCheckpoints promoteCheckpoint',
  comparisons: 'create list get listItems createJudgement createJudgementBulk',
  loops: 'create list get pause resume stop listIterations getIteration listCompletions',
};

/** Their operationIds. */
export const closedToVendors: readonly string[] = Object.entries(closed).flatMap(([resource, acts]) => acts.split(' ').map((act) => `${resource}_${act}`));
