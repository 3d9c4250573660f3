import { ApiProperty, OmitType } from '@nestjs/swagger';
import { TrainingBytesDto, TrainingPlanDto } from '#src/reward/models/training-plan.dto.js';

export class TrainingRunBytesDto extends TrainingBytesDto {
  /** Bytes of the last good copies of the trained weights. @example 58490880 */
  @ApiProperty({ type: 'integer' })
  lastGood: number;

  /** Bytes of the key-value cache and, with `lora`, of the copies of frozen weights made for sampling; 0 for methods that do not sample. @example 100663296 */
  @ApiProperty({ type: 'integer' })
  sampling: number;

  /** Bytes of the reward models, including each member of an ensemble. @example 538060032 */
  @ApiProperty({ type: 'integer' })
  rewards: number;

  /** Bytes of the value model of `ppo` with its optimizer moments. @example 0 */
  @ApiProperty({ type: 'integer' })
  value: number;
}

/** What a run will take, before anything is computed: estimates from the graph of the heaviest step, all its inner epochs, sampling and scoring included. */
export class TrainingRunPlanDto extends OmitType(TrainingPlanDto, ['bytes'] as const) {
  @ApiProperty({ type: TrainingRunBytesDto })
  bytes: TrainingRunBytesDto;
}
