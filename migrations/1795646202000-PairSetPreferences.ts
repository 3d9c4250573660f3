import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which rankings and comparisons a pair set is made of. Like its ratings: without keys, one statement fills it. */
export class PairSetPreferences1795646202000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE pair_set_preferences (
        pair_set_id uuid NOT NULL,
        preference_id uuid NOT NULL,
        PRIMARY KEY (pair_set_id, preference_id)
      )`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE pair_set_preferences');
  }
}
