import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { RunSave } from './run-save.entity.js';

@Injectable()
export class RunSavesRepository {
  constructor(@InjectRepository(RunSave) private readonly rows: Repository<RunSave>) {}

  /** The latest first. */
  list(ownerId: string): Promise<RunSave[]> {
    return this.rows.find({ where: { ownerId }, order: { step: 'DESC' } });
  }

  /** Adds a save and deletes all but the latest `kept`. Returns contents that no save of this owner refers to any more. */
  async add(tx: Transaction, save: Omit<RunSave, 'createdAt'>, kept: number): Promise<string[]> {
    await tx.upsert(RunSave, save, ['ownerId', 'step']);
    const [forgotten] = await tx.query<[{ sha256: string }[], number]>(
      `DELETE FROM run_saves WHERE owner_id = $1 AND step NOT IN
         (SELECT step FROM run_saves WHERE owner_id = $1 ORDER BY step DESC LIMIT $2)
       RETURNING sha256`,
      [save.ownerId, kept],
    );
    const left = new Set((await tx.findBy(RunSave, { ownerId: save.ownerId })).map(({ sha256 }) => sha256));
    return forgotten.map(({ sha256 }) => sha256).filter((sha256) => !left.has(sha256));
  }

  /** Deletes all saves of an owner and returns their contents. */
  async remove(tx: Transaction, ownerId: string): Promise<string[]> {
    const [rows] = await tx.query<[{ sha256: string }[], number]>('DELETE FROM run_saves WHERE owner_id = $1 RETURNING sha256', [ownerId]);
    return rows.map(({ sha256 }) => sha256);
  }
}
