/** Where verb and noun of the operation id do not make a sentence. */
const odd: Record<string, string> = {
  health_checkLive: 'Check that the process is alive',
  health_checkReady: 'Check that the process can serve requests',
  health_scrapeMetrics: 'Read the metrics of the process',
  me_get: 'Get the current API key',
  auditLog_list: 'List audit log entries',
  lineage_trace: 'Trace the lineage of a resource',
  models_get: 'Get a model and its files',
  labelerSessions_getCurrent: "Get the session's labeler and open batches",
  trainingRuns_plan: 'Plan a training run without starting it',
  rewardModels_plan: 'Plan the training of a reward model without starting it',
  rewardModels_score: 'Score completions with a reward model',
  rewardModels_scoreTexts: 'Score texts with a reward model',
  rewardModels_findDisagreement: 'Find pairs on which an ensemble disagrees',
  tasks_claim: 'Claim tasks',
  policies_putAlias: 'Point an alias of a policy at a version',
  policies_getAlias: 'Get an alias of a policy',
  criteria_getVersionAgreement: 'Get the agreement under a criterion version',
  criteria_publishVersion: 'Publish a criterion version',
  trainingRuns_promoteCheckpoint: 'Promote a checkpoint of a training run',
  loops_getIteration: 'Get an iteration of a loop',
  loops_listCompletions: 'List the completions to rate in an iteration',
  webhookEndpoints_rotateSecret: 'Rotate the secret of a webhook endpoint',
  artifacts_download: 'Download the content of an artifact',
};

const singular: Record<string, string> = { policies: 'policy', criteria: 'criterion', completionBatches: 'completion batch', labelingBatches: 'labeling batch', webhookDeliveries: 'webhook delivery' };

/** `pairSets_listPairs` -> `List pairs of a pair set` */
export function summaryOf(operationId: string): string {
  if (odd[operationId]) return odd[operationId];
  const [resource, action] = operationId.split('_');
  const [verb, ...rest] = words(action);
  const one = singular[resource] ?? words(resource).join(' ').replace(/s$/, '');
  const a = `${/^[aeiou]/.test(one) ? 'an' : 'a'} ${one}`;
  const many = words(resource).join(' ');
  const does = `${verb[0].toUpperCase()}${verb.slice(1)}`;
  if (rest.length === 0) return verb === 'list' ? `${does} ${many}` : `${does} ${a}`;
  const bulk = rest.at(-1) === 'bulk';
  const noun = (bulk ? rest.slice(0, -1) : rest).join(' ');
  if (bulk) return noun ? `${does} ${noun}s of ${a} in bulk` : `${does} ${many} in bulk`;
  const single = verb === 'create' ? `a ${noun}` : verb === 'get' ? `the ${noun}` : noun;
  return `${does} ${single} of ${a}`;
}

function words(name: string): string[] {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(' ');
}
