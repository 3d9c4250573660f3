import { ApiProperty } from '@nestjs/swagger';
import { AdapterFileDto } from '#src/artifacts/models.dto.js';
import { PageOf } from '#src/common/pagination.js';

export class TrainingCheckpointDto {
  /** Step after which the weights were saved; 0: the starting weights, if the run stopped before any later weights were good. */
  @ApiProperty({ type: 'integer', example: 100 })
  step: number;

  /** Stored model, at `/v1/models/{modelId}`. */
  @ApiProperty({ format: 'uuid' })
  modelId: string;

  /** sha256 of the weights; for shards, of the lines `name sha256`. */
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' })
  sha256: string;

  /** Size of the weights in bytes. */
  @ApiProperty({ type: 'integer', example: 1528784 })
  bytes: number;

  /** PEFT files of the low-rank factors; null: no LoRA. The factors are merged into the stored model. */
  @ApiProperty({ type: () => AdapterFileDto, isArray: true, nullable: true })
  adapter: AdapterFileDto[] | null;

  /** Evaluation metric of the weights; null: not evaluated after this step. */
  @ApiProperty({ type: String, nullable: true, example: 'eval_loss' })
  metric: string | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.61 })
  metricValue: number | null;

  /** Whether it has the best evaluation of the run's checkpoints. */
  @ApiProperty({ example: true })
  best: boolean;

  /** Policy version made from it, as result of the run or by promotion; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  policyVersionId: string | null;

  createdAt: Date;
}

export class TrainingCheckpointPage extends PageOf(TrainingCheckpointDto) {}
