import { Injectable } from '@nestjs/common';
import { wireMessage } from '#src/common/conversation.js';
import { PairSetsRepository, type PairFilter, type PairRow } from './pair-sets.repository.js';

const batch = 500;

/** Reads the pairs of a built set in order, some at a time: for the export and for trainers. */
@Injectable()
export class PairReader {
  constructor(private readonly sets: PairSetsRepository) {}

  async *read(pairSetId: string, filter: PairFilter = {}): AsyncGenerator<PairRow> {
    let after: number | null = null;
    for (;;) {
      // The set is immutable, so that pages read one after the other belong together without a transaction.
      const rows: PairRow[] = await this.sets.pairs(pairSetId, filter, after, batch);
      yield* rows;
      if (rows.length < batch) return;
      after = rows[rows.length - 1].ordinal;
    }
  }

  /** TRL's preference format, a line per pair. Kept ties are left out: that format cannot tell them. */
  async *trlLines(pairSetId: string, filter: Pick<PairFilter, 'split'>): AsyncGenerator<string> {
    for await (const pair of this.read(pairSetId, { ...filter, ties: false })) yield `${JSON.stringify(trlRow(pair))}\n`;
  }
}

/** Plain columns of a text prompt, conversational ones of a conversation. */
function trlRow({ prompt, chosen, rejected }: PairRow): object {
  if (typeof prompt === 'string') return { prompt, chosen, rejected };
  const answer = (content: string) => [{ role: 'assistant', content }];
  return { prompt: prompt.messages.map(wireMessage), chosen: answer(chosen), rejected: answer(rejected), ...(prompt.tools && { tools: prompt.tools }) };
}
