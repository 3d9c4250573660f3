import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The progress of trainings moves from files of one machine to the artifact store, where any worker finds it. */
export class RunSaves1795646400000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE run_saves (
        owner_id uuid NOT NULL,
        step integer NOT NULL,
        sha256 text NOT NULL,
        bytes bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner_id, step)
      )`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE run_saves');
  }
}
