import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { TrainingCheckpoint } from './training-checkpoint.entity.js';

/** With the sha256 and size of the weights. */
export type ListedCheckpoint = TrainingCheckpoint & { sha256: string; bytes: number };

@Injectable()
export class TrainingCheckpointsRepository {
  constructor(@InjectRepository(TrainingCheckpoint) private readonly rows: Repository<TrainingCheckpoint>) {}

  /** A step that is done twice leaves one row, and keeps the version that it became. */
  async put(tx: Transaction, row: Omit<TrainingCheckpoint, 'createdAt' | 'policyVersionId'>): Promise<void> {
    await tx.upsert(TrainingCheckpoint, row, ['trainingRunId', 'step']);
  }

  /** By step; rows are locked inside a transaction. */
  list(trainingRunId: string, tx?: Transaction): Promise<TrainingCheckpoint[]> {
    const options = { where: { trainingRunId }, order: { step: 'ASC' } } as const;
    return tx ? tx.find(TrainingCheckpoint, { ...options, lock: { mode: 'pessimistic_write' } }) : this.rows.find(options);
  }

  /** One row more than the page holds. */
  async page(trainingRunId: string, afterStep: number, limit: number): Promise<ListedCheckpoint[]> {
    const found = await this.rows
      .createQueryBuilder('c')
      .where('c.trainingRunId = :trainingRunId AND c.step > :afterStep', { trainingRunId, afterStep })
      .orderBy('c.step')
      .limit(limit + 1)
      .getMany();
    const files: { modelId: string; sha256: string; bytes: string }[] = await this.rows.query(
      // Shards are named together, by the sha256 of their names and sha256s.
      `SELECT f.model_id AS "modelId", sum(a.bytes)::bigint AS bytes,
         CASE WHEN count(*) = 1 THEN min(a.sha256)
           ELSE encode(sha256(convert_to(string_agg(f.name || ' ' || a.sha256, E'\\n' ORDER BY f.name), 'UTF8')), 'hex') END AS sha256
       FROM model_files f JOIN artifacts a ON a.id = f.artifact_id
       WHERE f.model_id = ANY($1) AND f.name LIKE '%.safetensors' GROUP BY f.model_id`,
      [found.map(({ modelId }) => modelId)],
    );
    return found.map((row) => {
      const { sha256, bytes } = files.find(({ modelId }) => modelId === row.modelId)!;
      return { ...row, sha256, bytes: Number(bytes) };
    });
  }

  lock(tx: Transaction, trainingRunId: string, step: number): Promise<TrainingCheckpoint | null> {
    return tx.findOne(TrainingCheckpoint, { where: { trainingRunId, step }, lock: { mode: 'pessimistic_write' } });
  }

  async promoted(tx: Transaction, trainingRunId: string, step: number, policyVersionId: string): Promise<void> {
    await tx.update(TrainingCheckpoint, { trainingRunId, step }, { policyVersionId });
  }

  async remove(tx: Transaction, trainingRunId: string, steps: readonly number[]): Promise<void> {
    if (steps.length > 0) await tx.delete(TrainingCheckpoint, { trainingRunId, step: In([...steps]) });
  }
}
