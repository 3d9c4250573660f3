import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each labeler's ratings weighed in a pair set; like its pairs, never changed once the set is built. */
export class LabelerWeights1795646700000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE pair_set_labeler_weights (
        pair_set_id uuid NOT NULL REFERENCES pair_sets,
        labeler_id uuid NOT NULL REFERENCES labelers,
        ratings integer NOT NULL,
        reliability double precision,
        weight numeric NOT NULL CHECK (weight > 0),
        PRIMARY KEY (pair_set_id, labeler_id)
      )`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE pair_set_labeler_weights');
  }
}
