import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { brokenForeignKey } from '#src/database/errors.js';
import { ModelFile, Model } from './model.entity.js';

export interface FileOfModel {
  name: string;
  artifactId: string;
  sha256: string;
  bytes: number;
}

@Injectable()
export class ModelsRepository {
  constructor(@InjectRepository(Model) private readonly rows: Repository<Model>) {}

  find(id: string): Promise<Model | null> {
    return this.rows.findOneBy({ id });
  }

  findByHash(tx: Transaction, contentHash: string): Promise<Model | null> {
    return tx.findOneBy(Model, { contentHash });
  }

  /** Waits for a rival that inserts the same content; false when that one won. */
  async insertOnce(tx: Transaction, model: Omit<Model, 'createdAt'>): Promise<boolean> {
    const values = model as object;
    const done = await tx.createQueryBuilder().insert().into(Model).values(values).orIgnore().returning('id').execute();
    return (done.raw as unknown[]).length > 0;
  }

  async addFiles(tx: Transaction, files: ModelFile[]): Promise<void> {
    await tx.insert(ModelFile, files);
  }

  /** Deletes a model that no other row refers to; its artifacts, or none where it stays. */
  async removeUnused(tx: Transaction, id: string): Promise<string[]> {
    try {
      // A savepoint, because the foreign key of a user of the model may refuse the deletion.
      return await tx.transaction(async (inner) => {
        const [files] = await inner.query<[{ artifact_id: string }[], number]>('DELETE FROM model_files WHERE model_id = $1 RETURNING artifact_id', [id]);
        await inner.delete(Model, id);
        await inner.query(`DELETE FROM lineage_edges WHERE (parent_type = 'model' AND parent_id = $1) OR (child_type = 'model' AND child_id = $1)`, [id]);
        return files.map(({ artifact_id }) => artifact_id);
      });
    } catch (error) {
      if (brokenForeignKey(error)) return [];
      throw error;
    }
  }

  async files(modelId: string): Promise<FileOfModel[]> {
    const rows: (Omit<FileOfModel, 'bytes'> & { bytes: string })[] = await this.rows.query(
      `SELECT f.name, f.artifact_id AS "artifactId", a.sha256, a.bytes
       FROM model_files f JOIN artifacts a ON a.id = f.artifact_id WHERE f.model_id = $1 ORDER BY f.name`,
      [modelId],
    );
    return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
  }
}
