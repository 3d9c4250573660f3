// Answers to tasks: the ratings and the completed task come in one transaction, or neither does.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { conflict, ProblemException } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { TaskAnswersService, type Answer, type AnsweredTask, type StandingAnswer } from '#src/ratings/task-answers.service.js';
import { LabelingBatchesService } from './labeling-batches.service.js';
import { readSubmission, type SubmissionRefusal } from './submission-rules.js';
import type { SubmitTaskDto, TaskAnswerDto, TaskDetailDto } from './submissions.dto.js';
import { TaskCriteriaService } from './task-criteria.service.js';
import { correctionProblem } from './task-problems.js';
import { TasksRepository, type TaskRow } from './tasks.repository.js';
import { taskDto, TasksService } from './tasks.service.js';

@Injectable()
export class TaskSubmissionsService {
  constructor(
    private readonly database: Database,
    private readonly tasks: TasksRepository,
    private readonly tasksService: TasksService,
    private readonly batches: LabelingBatchesService,
    private readonly answers: TaskAnswersService,
    private readonly criteria: TaskCriteriaService,
  ) {}

  /** With texts, criterion and what was answered: all that a labeler's page needs. */
  async get(auth: AuthContext, id: string): Promise<TaskDetailDto> {
    const task = await this.tasksService.find(auth, id);
    return this.detail(task, task.state === 'completed' ? await this.answers.standing(id) : null);
  }

  /** @throws ProblemException 422 of submission-rules.ts; 409 of `TasksService.allowed`, `external_id_conflict` */
  async submit(auth: AuthContext, id: string, dto: SubmitTaskDto): Promise<TaskDetailDto> {
    const task = await this.tasksService.allowed(auth, id, 'submit', dto.labelerId);
    const submission = await this.read(task, dto);
    const completed = await this.database.transaction(async (tx) => {
      const done = await this.tasks.complete(tx, id);
      return done && { ...done, answer: await this.answers.record(tx, answered(task), submission) };
    });
    if (!completed) return this.tasksService.lost(auth, id, 'submit');
    if (!completed.more) await this.batches.completeIfDone(task.batchId);
    return this.detail({ ...task, state: 'completed', finishedAt: completed.finishedAt }, completed.answer);
  }

  /** The labeler's own last answer in the batch, given anew: it supersedes, and the first one stays on record. Also the one that completed the batch. */
  async correct(auth: AuthContext, id: string, dto: SubmitTaskDto): Promise<TaskDetailDto> {
    const task = await this.tasksService.find(auth, id);
    const problem = correctionProblem(task, { vendorId: auth.vendorId, labelerId: dto.labelerId });
    if (problem) throw problem;
    const submission = await this.read(task, dto);
    const earlier = await this.answers.standing(id);
    const answer = await this.database.transaction(async (tx) => {
      if (!(await this.tasks.lockLastCompleted(tx, id))) {
        const message = 'only the last answer of a labeler in a batch can be corrected; supersede its ratings instead';
        throw conflict('not_your_last_answer', message, [{ pointer: '', rule: 'lastAnswer', message, value: id }]);
      }
      return this.answers.record(tx, answered(task), submission, earlier);
    });
    return this.detail(task, answer);
  }

  private async detail(task: TaskRow, answer: StandingAnswer | null): Promise<TaskDetailDto> {
    return { ...taskDto(task), criterion: await this.criteria.get(task.criterionVersionId), answer: answer && answerDto(answer) };
  }

  private async read(task: TaskRow, dto: SubmitTaskDto): Promise<Answer> {
    const { scale, dimensions } = await this.criteria.get(task.criterionVersionId);
    const completionIds = task.completions.map(({ id }) => id);
    const { value, refusal } = readSubmission({ mode: task.mode, completionIds, scale, dimensions }, dto);
    if (refusal) throw refused(refusal);
    return value;
  }
}

function answered(task: TaskRow): AnsweredTask {
  return {
    id: task.id,
    criterionVersionId: task.criterionVersionId,
    promptId: task.prompt.id,
    labelerId: task.labelerId!,
    vendorId: task.vendorId,
    completionIds: task.completions.map(({ id }) => id),
  };
}

function answerDto({ ratings, preference }: StandingAnswer): TaskAnswerDto {
  const groups: string[][] = [];
  for (const { rank, completionId } of preference?.ranks ?? []) (groups[rank - 1] ??= []).push(completionId);
  return {
    scores: ratings.map(({ id, completionId, score, dimensionScores, rationale, flags }) => ({
      ratingId: id,
      completionId,
      score,
      dimensionScores,
      rationale,
      flags,
    })),
    ranking: preference && groups,
    preferenceId: preference?.id ?? null,
  };
}

function refused({ code, detail }: SubmissionRefusal): ProblemException {
  return new ProblemException({ status: 422, code, title: 'The answer cannot be taken', detail: detail.message, errors: [detail] });
}
