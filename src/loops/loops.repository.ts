import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type QueryDeepPartialEntity } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { LoopIteration } from './loop-iteration.entity.js';
import { LoopTransition, Loop } from './loop.entity.js';

export type NewLoop = Omit<Loop, 'createdAt' | 'updatedAt' | 'finishedAt' | 'jobId' | 'pausedJobId' | 'error' | 'version'>;

@Injectable()
export class LoopsRepository {
  constructor(
    @InjectRepository(Loop) private readonly loops: Repository<Loop>,
    @InjectRepository(LoopIteration) private readonly iterations: Repository<LoopIteration>,
    @InjectRepository(LoopTransition) private readonly transitions: Repository<LoopTransition>,
  ) {}

  async insert(tx: Transaction, loop: NewLoop): Promise<Loop> {
    await tx.insert(Loop, { ...loop, updatedAt: () => 'now()' });
    await this.addIteration(tx, loop.id, loop.iteration, loop.firstVersionId);
    return tx.findOneByOrFail(Loop, { id: loop.id });
  }

  async addIteration(tx: Transaction, loopId: string, number: number, startVersionId: string): Promise<void> {
    await tx.insert(LoopIteration, { loopId, number, startVersionId, figures: {} });
  }

  find(id: string): Promise<Loop | null> {
    return this.loops.findOneBy({ id });
  }

  page(request: PageRequest): Promise<Loop[]> {
    const query = this.loops.createQueryBuilder('loop').orderBy('loop.id').limit(request.limit + 1);
    if (request.after) query.where('loop.id > :after', { after: request.after });
    return query.getMany();
  }

  async runningIds(): Promise<string[]> {
    const rows: { id: string }[] = await this.loops.query(`SELECT id FROM loops WHERE status = 'running' ORDER BY id`);
    return rows.map(({ id }) => id);
  }

  /** The loop, its row locked until the transaction ends. */
  lock(tx: Transaction, id: string): Promise<Loop | null> {
    return tx.findOne(Loop, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** The same, if it is running and not locked by another process. */
  lockRunning(tx: Transaction, id: string): Promise<Loop | null> {
    return tx
      .createQueryBuilder(Loop, 'loop')
      .where(`loop.id = :id AND loop.status = 'running'`, { id })
      .setLock('pessimistic_write')
      .setOnLocked('skip_locked')
      .getOne();
  }

  async change(tx: Transaction, { id, version }: Loop, set: QueryDeepPartialEntity<Loop>): Promise<Loop> {
    await tx.update(Loop, id, { ...set, version: version + 1, updatedAt: () => 'now()' });
    return tx.findOneByOrFail(Loop, { id });
  }

  iteration(tx: Transaction, loopId: string, number: number): Promise<LoopIteration> {
    return tx.findOneByOrFail(LoopIteration, { loopId, number });
  }

  findIteration(loopId: string, number: number): Promise<LoopIteration | null> {
    return this.iterations.findOneBy({ loopId, number });
  }

  pageIterations(loopId: string, request: PageRequest): Promise<LoopIteration[]> {
    const query = this.iterations.createQueryBuilder('i').where('i.loopId = :loopId', { loopId });
    if (request.after) query.andWhere('i.number > :after', { after: Number(request.after) });
    return query.orderBy('i.number').limit(request.limit + 1).getMany();
  }

  async changeIteration(tx: Transaction, { loopId, number }: LoopIteration, set: QueryDeepPartialEntity<LoopIteration>): Promise<void> {
    await tx.update(LoopIteration, { loopId, number }, set);
  }

  async addTransition(tx: Transaction, transition: Omit<LoopTransition, 'createdAt'>): Promise<void> {
    await tx.insert(LoopTransition, transition);
  }

  transitionsOf(loopId: string, iteration: number): Promise<LoopTransition[]> {
    return this.transitions.find({ where: { loopId, iteration }, order: { ordinal: 'ASC' } });
  }

  /** The newest reward model that an iteration before `number` trained. */
  async lastRewardModelId(tx: Transaction, loopId: string, number: number): Promise<string | null> {
    const rows: { id: string }[] = await tx.query(
      `SELECT i.reward_model_id AS id FROM loop_iterations i JOIN reward_models m ON m.id = i.reward_model_id
       WHERE i.loop_id = $1 AND i.number < $2 AND m.trained_at IS NOT NULL ORDER BY i.number DESC LIMIT 1`,
      [loopId, number],
    );
    return rows[0]?.id ?? null;
  }
}
