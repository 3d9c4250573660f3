// Refused requests, gathered for the audit log: who failed to authenticate and which key was refused what.
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { AuditService, type Actor, type AuditRecord } from './audit.service.js';
import { Tally, type Counted } from './tally.js';

interface Refusal {
  actor: Actor;
  record: AuditRecord;
}

const windowMs = 60_000;
const maxKinds = 1000;
const others: Refusal = {
  actor: 'system',
  record: { action: 'access.refused', resource: null, detail: { reason: 'too many callers and routes to record one by one' } },
};

@Injectable()
export class Refusals implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private readonly tally = new Tally<Refusal>(windowMs, maxKinds, others);
  private readonly writing = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly audit: AuditService) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.write(this.tally.drain(Date.now())), windowMs / 4).unref();
  }

  /** While the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.write(this.tally.drain(Infinity));
    await Promise.all(this.writing);
  }

  /** Does not make the refused one wait for the log. */
  count(actor: Actor, record: AuditRecord): void {
    const key = JSON.stringify([actor, record.action, record.detail]);
    this.write(this.tally.add(key, { actor, record }, Date.now()));
  }

  private write(told: Counted<Refusal>[]): void {
    for (const { kind, count, since } of told) {
      const detail = { ...kind.record.detail, count, since: since.toISOString() };
      const writing: Promise<void> = this.audit
        .recordAlone(kind.actor, { ...kind.record, detail })
        .catch((error: Error) => this.logger.error(`a refused request was not recorded in the audit log: ${error.message}`))
        .finally(() => this.writing.delete(writing));
      this.writing.add(writing);
    }
  }
}
