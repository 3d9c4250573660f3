import { ApiProperty, OmitType } from '@nestjs/swagger';
import { TrainingBytesDto, TrainingPlanDto } from '#src/reward/models/training-plan.dto.js';

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

/** What a run will take, before anything is computed: estimates from the graph of the heaviest step, all its inner epochs, sampling and scoring included. */
export class TrainingRunPlanDto extends OmitType(TrainingPlanDto, ['bytes'] as const) {
  @ApiProperty({ type: TrainingRunBytesDto })
  bytes: TrainingRunBytesDto;
}
