import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Batches record every sampling option; those from before penalties, min-p and stop strings used none of them. */
export class SamplingFilters1795440000000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      UPDATE completion_batches
      SET sampling = '{"minP": 0, "repetitionPenalty": 1, "frequencyPenalty": 0, "presencePenalty": 0, "stop": []}' || sampling`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      UPDATE completion_batches
      SET sampling = sampling - ARRAY['minP', 'repetitionPenalty', 'frequencyPenalty', 'presencePenalty', 'stop']`);
  }
}
