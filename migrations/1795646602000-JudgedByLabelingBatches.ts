import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People may judge comparisons through labeling batches, and loops have their answers rated there. */
export class JudgedByLabelingBatches1795646602000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE comparisons ADD COLUMN labeling_batch_id uuid REFERENCES labeling_batches;
      ALTER TABLE loop_iterations
        ADD CONSTRAINT loop_iterations_labeling_batch FOREIGN KEY (labeling_batch_id) REFERENCES labeling_batches`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE loop_iterations DROP CONSTRAINT loop_iterations_labeling_batch;
      ALTER TABLE comparisons DROP COLUMN labeling_batch_id`);
  }
}
