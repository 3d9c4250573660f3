import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { ModelFile } from './model-file.entity.js';
import { Model } from './model.entity.js';

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

  async files(modelId: string): Promise<FileOfModel[]> {
    const rows: (Omit<FileOfModel, 'bytes'> & { bytes: string })[] = await this.rows.query(
      `SELECT f.name, f.artifact_id AS "artifactId", a.sha256, a.bytes
       FROM model_files f JOIN artifacts a ON a.id = f.artifact_id WHERE f.model_id = $1 ORDER BY f.name`,
      [modelId],
    );
    return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
  }
}
