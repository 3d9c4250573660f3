// What the stages share: the client of the owner and that of the labeling vendor, names of this run, and the
// rows of the table.
import { Plumbline } from '#sdk/client.js';
import { stageProgress, type StageProgress } from '../terminal/progress.js';
import type { QuickstartReport } from './report.js';

export interface StageResult<T> {
  value: T;
  /** How many things the stage made. */
  count: number;
  /** The figure that matters, for people; the first line is told at once, the others in the summary. */
  figure: string;
  /** Path below the base URL that opens the result. */
  path: string;
}

export class Session {
  readonly rows: { name: string; count: number; figure: string; seconds: number; url: string }[] = [];

  /**
   * @param owner holds the admin key
   * @param vendor holds a key that can read what it labels and post ratings, as a labeling company would
   * @param run names what must be unique, so that the quickstart can run again on the same data
   */
  constructor(
    readonly baseUrl: string,
    readonly owner: Plumbline,
    readonly vendor: Plumbline,
    readonly run: string,
  ) {}

  async stage<T>(name: string, work: (progress: StageProgress) => Promise<StageResult<T>>): Promise<T> {
    const started = performance.now();
    const progress = stageProgress(name);
    const { value, count, figure, path } = await work(progress);
    const seconds = Math.round((performance.now() - started) / 10) / 100;
    progress.end(`${count} · ${figure.split("\n")[0]} · ${seconds.toFixed(1)} s`);
    this.rows.push({ name, count, figure, seconds, url: this.baseUrl + path });
    return value;
  }

  /** Waits for a job and draws its progress. */
  async job(id: string | null, progress: StageProgress): Promise<void> {
    await this.owner.waitForJob(id!, {
      onProgress: ({ progress: p, phase }) => {
        const eta = p.etaSeconds === null || p.etaSeconds === undefined ? '' : `, ${Math.ceil(p.etaSeconds)} s left`;
        progress.update(p.completed, p.total ?? 1, `${phase ?? ''} ${p.completed}/${p.total ?? '?'}${eta}`);
      },
    });
  }

  reportRows(): QuickstartReport['stages'] {
    return this.rows.map(({ name, count, seconds, url }) => ({ name, count, seconds, url }));
  }
}

const vendorScopes = ['prompts:read', 'completions:read', 'criteria:read', 'ratings:read', 'ratings:write', 'training:read'] as const;

export async function openSession(baseUrl: string, adminKey: string, run: string): Promise<Session> {
  const owner = new Plumbline({ baseUrl, apiKey: adminKey });
  const body = { name: `simulated vendor of quickstart ${run}`, scopes: [...vendorScopes] };
  const { secret } = await owner.ok(owner.http.POST('/v1/api-keys', { body }));
  return new Session(baseUrl, owner, new Plumbline({ baseUrl, apiKey: secret }), run);
}
