import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Contents of the artifact store that no row names yet, or any more. */
export class RowsContentClaims1795646902000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE content_claims (
        id uuid PRIMARY KEY,
        sha256 text NOT NULL,
        until timestamptz NOT NULL
      );
      CREATE INDEX content_claims_of_content ON content_claims (sha256);
      CREATE INDEX content_claims_over ON content_claims (until)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE content_claims');
  }
}
