import type { MigrationInterface, QueryRunner } from 'typeorm';
import { textKey } from '#src/common/text.js';

/** What prompts are compared by, as src/common/text-key.ts makes it: Postgres folds texts by the locale it was set up with. */
export class PromptTextKeys1795646905000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE prompts ADD COLUMN text_key text');
    for (;;) {
      const rows = (await q.query('SELECT id, text FROM prompts WHERE text_key IS NULL LIMIT 1000')) as { id: string; text: string }[];
      if (rows.length === 0) break;
      await q.query(
        'UPDATE prompts SET text_key = given.key FROM unnest($1::uuid[], $2::text[]) AS given (id, key) WHERE prompts.id = given.id',
        [rows.map(({ id }) => id), rows.map(({ text }) => textKey(text))],
      );
    }
    await q.query('ALTER TABLE prompts ALTER COLUMN text_key SET NOT NULL');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE prompts DROP COLUMN text_key');
  }
}
