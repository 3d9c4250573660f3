import { ApiProperty } from '@nestjs/swagger';
import { type TrainingPlan } from '#src/rl/plan/training-plan.js';

/** Bytes, estimated from the graph of the step. */
export class TrainingBytesDto {
  /** The model that training starts from. @example 538060032 */
  @ApiProperty({ type: 'integer' })
  model: number;

  /** Weights or factors in training, with two moments of each; of a reward model also the copies to go back to. @example 97484800 */
  @ApiProperty({ type: 'integer' })
  trained: number;

  /** Updated weights and moments on their way back from the runtime. @example 58490880 */
  @ApiProperty({ type: 'integer' })
  updates: number;

  /** Token ids, masks and other values of the batch. @example 4194304 */
  @ApiProperty({ type: 'integer' })
  batch: number;

  /** Most that is alive between the forward and the backward pass. @example 812646400 */
  @ApiProperty({ type: 'integer' })
  activations: number;

  /** What the runtime keeps for its operators, and gaps between values: an estimate from measurements. @example 471859200 */
  @ApiProperty({ type: 'integer' })
  runtime: number;

  /** All of it together. @example 1943741696 */
  @ApiProperty({ type: 'integer' })
  peak: number;
}

/** How a step is computed. */
class PlannedRunsDto {
  /**
   * Tokens of a step that are computed at once, shared prompts once. Chosen for this machine unless the settings name it; null
   * computes the whole step at once.
   */
  @ApiProperty({ type: 'integer', nullable: true, example: 512 })
  microBatchTokens: number | null;

  /** Runs of the graph that the heaviest step takes. @example 10 */
  @ApiProperty({ type: 'integer' })
  runsPerStep: number;

  /** Of the heaviest run, had it the speed of a matrix product on this machine: a lower bound. @example 1.4 */
  secondsPerRun: number;
}

/** What a training will take, before anything is computed. */
export class TrainingPlanDto extends PlannedRunsDto implements TrainingPlan {
  @ApiProperty({ type: 'integer', example: 134515008 })
  parameters: number;

  @ApiProperty({ type: 'integer', example: 4874240 })
  trainedParameters: number;

  @ApiProperty({ type: TrainingBytesDto })
  bytes: TrainingBytesDto;

  /**
   * Hidden states of the layers below `trainedLayers`, kept on disk (TMPDIR) while training goes on: an estimate from the length
   * of the texts, and no part of the peak. 0 where none are kept. @example 0
   */
  @ApiProperty({ type: 'integer' })
  trunkBytes: number;

  /** Of the matrix products of the heaviest step. @example 912680550400 */
  @ApiProperty({ type: 'integer' })
  floatingPointOperations: number;

  /** Of the heaviest step, had it the speed of a matrix product on this machine: a lower bound. @example 7.4 */
  secondsPerStep: number;

  /**
   * Optimizer steps, of all members of a reward model, or a few more or less: texts that are too long are counted, and early stopping
   * may need fewer. @example 120
   */
  @ApiProperty({ type: 'integer' })
  steps: number;

  /** All steps, were each as heavy as the heaviest and had it that speed: the order of magnitude. @example 888 */
  seconds: number;

  /** What may be used (MEMORY_LIMIT_BYTES). @example 25769803776 */
  @ApiProperty({ type: 'integer' })
  limitBytes: number;

  /** Whether the peak stays within the limit; a training that does not fit is refused. @example true */
  fits: boolean;
}
