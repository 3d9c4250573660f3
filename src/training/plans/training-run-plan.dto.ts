import { ApiProperty } from '@nestjs/swagger';
import { PlannedRunsDto, TrainingBytesDto } from '#src/reward/models/training-plan.dto.js';

export class TrainingRunBytesDto extends TrainingBytesDto {
  /** Copies of the trained weights from before the last steps, to go back to. @example 58490880 */
  @ApiProperty({ type: 'integer' })
  lastGood: number;

  /** Keys and values of the completions that are being written, and with `lora` the copies of frozen weights that sampling makes; 0 for methods that do not sample. @example 100663296 */
  @ApiProperty({ type: 'integer' })
  sampling: number;

  /** Reward models, each member of an ensemble. @example 538060032 */
  @ApiProperty({ type: 'integer' })
  rewards: number;

  /** The value model of `ppo` with its moments. @example 0 */
  @ApiProperty({ type: 'integer' })
  value: number;
}

/** What a run will take, before anything is computed: estimates from the graph of the heaviest step. */
export class TrainingRunPlanDto extends PlannedRunsDto {
  @ApiProperty({ type: 'integer', example: 134515008 })
  parameters: number;

  @ApiProperty({ type: 'integer', example: 4874240 })
  trainedParameters: number;

  @ApiProperty({ type: TrainingRunBytesDto })
  bytes: TrainingRunBytesDto;

  /**
   * Hidden states of the layers below `trainedLayers`, kept on disk (TMPDIR) while the run goes on: an estimate from the length of
   * its texts, and no part of the peak. 0 where none are kept. @example 0
   */
  @ApiProperty({ type: 'integer' })
  trunkBytes: number;

  /** Of the matrix products of the heaviest step, all its inner epochs, sampling and scoring included. @example 912680550400 */
  @ApiProperty({ type: 'integer' })
  floatingPointOperations: number;

  /** Of the heaviest step, had it the speed of a matrix product on this machine: a lower bound. @example 7.4 */
  secondsPerStep: number;

  /** Optimizer steps, or a few more or less: texts that are too long are counted here. @example 120 */
  @ApiProperty({ type: 'integer' })
  steps: number;

  /** All steps, were each as heavy as the heaviest and had it that speed: the order of magnitude. @example 888 */
  seconds: number;

  /** What may be used (MEMORY_LIMIT_BYTES). @example 25769803776 */
  @ApiProperty({ type: 'integer' })
  limitBytes: number;

  /** Whether the peak stays within the limit; a run that does not fit is refused. @example true */
  fits: boolean;
}
