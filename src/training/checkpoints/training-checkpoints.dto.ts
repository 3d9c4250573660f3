import { ApiProperty } from '@nestjs/swagger';
import { AdapterFileDto } from '#src/artifacts/models.dto.js';
import { PageOf } from '#src/common/pagination.js';

export class TrainingCheckpointDto {
  /** The weights after this step; 0 is the start, where a run stopped before anything else was good. */
  @ApiProperty({ type: 'integer', example: 100 })
  step: number;

  /** Its files are at `/v1/models/{modelId}`. */
  @ApiProperty({ format: 'uuid' })
  modelId: string;

  /** Of the weights; where they are shards, of the lines `name sha256` of these. */
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' })
  sha256: string;

  /** Of the weights. */
  @ApiProperty({ type: 'integer', example: 1528784 })
  bytes: number;

  /** The PEFT folder of the low-rank factors, where these were trained; the model has them merged. */
  @ApiProperty({ type: () => AdapterFileDto, isArray: true, nullable: true })
  adapter: AdapterFileDto[] | null;

  /** What the weights were judged by; null when there was no evaluation after this step. */
  @ApiProperty({ type: String, nullable: true, example: 'eval_loss' })
  metric: string | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.61 })
  metricValue: number | null;

  /** Has the best evaluation of the run's checkpoints. */
  @ApiProperty({ example: true })
  best: boolean;

  /** The version that it became, as the run's result or by promotion. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  policyVersionId: string | null;

  createdAt: Date;
}

export class TrainingCheckpointPage extends PageOf(TrainingCheckpointDto) {}
