import { ApiProperty } from '@nestjs/swagger';
import { type TrainingPlan } from '#src/rl/plan/training-plan.js';

/** Bytes, estimated from the graph of the step. */
export class TrainingBytesDto {
  /** Bytes of the model that training starts from. @example 538060032 */
  @ApiProperty({ type: 'integer' })
  model: number;

  /** Bytes of trained weights or factors with two optimizer moments each; for a reward model, also the last good copies. @example 97484800 */
  @ApiProperty({ type: 'integer' })
  trained: number;

  /** Bytes of updated weights and moments returned by the runtime. @example 58490880 */
  @ApiProperty({ type: 'integer' })
  updates: number;

  /** Bytes of token ids, masks and other inputs of the batch. @example 4194304 */
  @ApiProperty({ type: 'integer' })
  batch: number;

  /** Peak bytes of activations kept between the forward and the backward pass. @example 812646400 */
  @ApiProperty({ type: 'integer' })
  activations: number;

  /** Estimated overhead of the runtime: operator workspace and fragmentation. @example 471859200 */
  @ApiProperty({ type: 'integer' })
  runtime: number;

  /** Estimated peak in total. @example 1943741696 */
  @ApiProperty({ type: 'integer' })
  peak: number;
}

/** How a step is computed. */
class PlannedRunsDto {
  /**
   * Tokens per micro-batch, with shared prompts counted once. Chosen for this machine unless given in the settings; null: the whole step
   * at once.
   */
  @ApiProperty({ type: 'integer', nullable: true, example: 512 })
  microBatchTokens: number | null;

  /** Graph runs (micro-batches) in the heaviest step. @example 10 */
  @ApiProperty({ type: 'integer' })
  runsPerStep: number;

  /** Lower bound for the heaviest graph run in seconds, at this machine's matrix-product speed. @example 1.4 */
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
   * Estimated disk space in TMPDIR for cached outputs of the frozen layers during training, in bytes; not part of the peak. 0: none
   * cached. @example 0
   */
  @ApiProperty({ type: 'integer' })
  trunkBytes: number;

  /** Floating-point operations of the matrix products in the heaviest step. @example 912680550400 */
  @ApiProperty({ type: 'integer' })
  floatingPointOperations: number;

  /** Lower bound for the heaviest step in seconds, at this machine's matrix-product speed. @example 7.4 */
  secondsPerStep: number;

  /**
   * Approximate number of optimizer steps, over all members of a reward model. Texts that are too long are counted, and early stopping may
   * take fewer. @example 120
   */
  @ApiProperty({ type: 'integer' })
  steps: number;

  /** Order of magnitude for all steps in seconds, if each is as heavy as the heaviest. @example 888 */
  seconds: number;

  /** Memory limit in bytes (MEMORY_LIMIT_BYTES). @example 25769803776 */
  @ApiProperty({ type: 'integer' })
  limitBytes: number;

  /** Whether the peak is within the limit; a training that does not fit is refused. @example true */
  fits: boolean;
}
