import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which completions a vendor has been leased, so that its ratings of others are refused without a walk through its
 * tasks. Without the pending list of such indexes, whose flushing would fall on some claim.
 */
export class VendorTaskCompletions1795646299000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE INDEX labeling_tasks_vendor_completions ON labeling_tasks USING gin (completion_order)
        WITH (fastupdate = off) WHERE vendor_id IS NOT NULL`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP INDEX labeling_tasks_vendor_completions');
  }
}
