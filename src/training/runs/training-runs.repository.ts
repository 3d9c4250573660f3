import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type QueryDeepPartialEntity } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import type { PlannedRun } from '../methods/training-methods.js';
import { TrainingRun, TrainingSample } from './training-run.entity.js';

export type NewTrainingRun = Omit<PlannedRun, 'choosesMicroBatch'> & Pick<TrainingRun, 'id' | 'jobId'>;

/** Samples of a step are fewer; one number then orders all samples of a run. */
const samplesPerStep = 1000;

export const sampleOrdinal = (sample: Pick<TrainingSample, 'step' | 'sampleIndex'>): number =>
  sample.step * samplesPerStep + sample.sampleIndex;

@Injectable()
export class TrainingRunsRepository {
  constructor(
    @InjectRepository(TrainingRun) private readonly runs: Repository<TrainingRun>,
    @InjectRepository(TrainingSample) private readonly samples: Repository<TrainingSample>,
  ) {}

  async insert(tx: Transaction, run: NewTrainingRun): Promise<TrainingRun> {
    await tx.insert(TrainingRun, run);
    return tx.findOneByOrFail(TrainingRun, { id: run.id });
  }

  find(id: string): Promise<TrainingRun | null> {
    return this.runs.findOneBy({ id });
  }

  page(request: PageRequest): Promise<TrainingRun[]> {
    const query = this.runs
      .createQueryBuilder('run')
      .orderBy('run.id')
      .limit(request.limit + 1);
    if (request.after) query.where('run.id > :after', { after: request.after });
    return query.getMany();
  }

  async finish(
    tx: Transaction,
    id: string,
    result: Pick<TrainingRun, 'resultPolicyVersionId' | 'summary' | 'verdict'>,
  ): Promise<void> {
    const set = { ...result, finishedAt: () => 'now()' } as QueryDeepPartialEntity<TrainingRun>;
    await tx.update(TrainingRun, id, set);
  }

  /** The same sample written again replaces the first: a step that is done twice leaves one row. */
  async putSamples(tx: Transaction, samples: TrainingSample[]): Promise<void> {
    await tx.upsert(TrainingSample, samples, ['trainingRunId', 'step', 'sampleIndex']);
  }

  /** @param step only this one when given */
  pageSamples(
    trainingRunId: string,
    step: number | undefined,
    request: PageRequest,
  ): Promise<TrainingSample[]> {
    const after = Number(request.after ?? -1);
    const query = this.samples
      .createQueryBuilder('s')
      .where('s.trainingRunId = :trainingRunId', { trainingRunId })
      .andWhere('(s.step, s.sampleIndex) > (:afterStep, :afterIndex)', {
        afterStep: Math.floor(after / samplesPerStep),
        afterIndex: after < 0 ? -1 : after % samplesPerStep,
      })
      .orderBy('s.step')
      .addOrderBy('s.sampleIndex')
      .limit(request.limit + 1);
    if (step !== undefined) query.andWhere('s.step = :step', { step });
    return query.getMany();
  }
}
