import type { Logger } from '@nestjs/common';

const everyMs = 60_000;

/** Says what goes wrong again and again, ten times a second while a database is away, once a minute. */
export class Complaints {
  private readonly saidAt = new Map<string, number>();

  constructor(private readonly logger: Logger) {}

  warn(subject: string, error: Error): void {
    const now = Date.now();
    if (now - (this.saidAt.get(subject) ?? -Infinity) < everyMs) return;
    this.saidAt.set(subject, now);
    this.logger.warn(`${subject}: ${error.message}`);
  }
}
