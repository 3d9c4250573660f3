// An afternoon with the client that @hey-api/openapi-ts generates: from the first key to a training run.
import { client } from './generated/client.gen';
import {
  apiKeysCreate, completionBatchesCreate, completionsList, criteriaCreate, criteriaCreateVersion, jobsGet, labelersCreate, pairSetsCreate,
  pairSetsExport, pairSetsGetDiagnostics, promptSetsCreate, promptsCreateBulk, promptsGet, ratingsCreateBulk, trainingRunsCreate,
  trainingRunsGetDiagnostics, trainingRunsList,
} from './generated/sdk.gen';

declare const process: { env: Record<string, string> };

const run = Math.random().toString(36).slice(2, 10);
client.setConfig({ baseUrl: process.env.PLUMBLINE_URL, auth: process.env.PLUMBLINE_KEY });

async function data<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await answer;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

function check(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

async function finished(id: string | null): Promise<void> {
  check(id !== null, 'no job');
  for (;;) {
    const job = await data(jobsGet({ path: { id } }));
    if (job.terminal) return check(job.state === 'succeeded', job);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Without `bodySerializer: null` the text would be quoted as JSON. */
const lines = (rows: object[]) => ({ body: rows.map((row) => JSON.stringify(row)).join('\n'), bodySerializer: null });

const key = await data(apiKeysCreate({ body: { name: `afternoon ${run}`, scopes: ['admin'] } }));
client.setConfig({ auth: key.secret });
const rows = Array.from({ length: 20 }, (_, number) => ({ text: `The shop opens at ${number}. When does it open?`, externalId: `${run}-${number}` }));
const landed = await data(promptsCreateBulk(lines(rows)));
check(landed.created === 20 && landed.failed === 0, landed);
const { error } = await promptsGet({ path: { id: '00000000-0000-7000-8000-000000000000' } });
check(error?.code === 'prompt_not_found', error);
const promptSet = await data(promptSetsCreate({ body: { name: `afternoon ${run}`, promptIds: landed.items.map((item) => item.id!) } }));
const policyVersionId = process.env.POLICY_VERSION_ID;
const batch = await data(completionBatchesCreate({ body: { policyVersionId, promptSetId: promptSet.id, sampling: { n: 2, seed: 1, maxTokens: 16 } } }));
await finished(batch.jobId);
const completions = (await data(completionsList({ query: { batchId: batch.id, limit: 100 } }))).data;
check(completions.length === 40, completions.length);

const criterion = await data(criteriaCreate({ body: { name: `afternoon ${run}` } }));
const scale = [{ value: 1, label: 'bad' }, { value: 5, label: 'good' }];
const version = await data(criteriaCreateVersion({ path: { id: criterion.id }, body: { instructions: 'Is it right?', scale, publish: true } }));
const labeler = await data(labelersCreate({ body: { externalId: `afternoon-${run}`, simulated: true } }));
const ratings = completions.map(({ id, sampleIndex }) => ({ completionId: id, criterionVersionId: version.id, labelerId: labeler.id, score: sampleIndex ? 5 : 1 }));
const rated = await data(ratingsCreateBulk(lines(ratings)));
check(rated.created === 40 && rated.failed === 0, rated);

const pairSet = await data(pairSetsCreate({ body: { criterionVersionId: version.id, completionBatchId: batch.id, evalFraction: 0.3 } }));
await finished(pairSet.jobId);
await data(pairSetsGetDiagnostics({ path: { id: pairSet.id } }));
const exported = await data(pairSetsExport({ path: { id: pairSet.id }, parseAs: 'text' }));
check(exported.trim().split('\n').length === 20, exported);

const hyperparameters = { learningRate: 1e-4, maxSteps: 2, batchSize: 4 };
const started = await data(trainingRunsCreate({ body: { method: 'sft', policyVersionId, pairSetId: pairSet.id, hyperparameters } }));
await finished(started.jobId);
const mine = (await data(trainingRunsList())).data.find(({ id }) => id === started.id);
check(mine?.method === 'sft' && mine.hyperparameters.learningRate === 1e-4 && mine.summary !== null, mine);
const verdict = await data(trainingRunsGetDiagnostics({ path: { id: started.id } }));
console.log(`trained ${mine.resultPolicyVersionId}, verdict ${verdict.status}`);
