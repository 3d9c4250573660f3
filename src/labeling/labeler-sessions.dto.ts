import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf } from '#src/common/pagination.js';
import { labelingModes, type LabelingMode } from './labeling-batch.entity.js';

export const sessionSeconds = { min: 60, max: 2_592_000, default: 43_200 } as const;

export class CreateLabelerSessionDto {
  /** Labeling batch that the session is limited to. Default: all batches open to the labeler. */
  @IsOptional()
  @IsUUID()
  labelingBatchId?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: sessionSeconds.min, maximum: sessionSeconds.max, default: sessionSeconds.default })
  @IsOptional()
  @IsInt()
  @Min(sessionSeconds.min)
  @Max(sessionSeconds.max)
  ttlSeconds?: number;
}

/** A link given to a labeler, without its token. */
export class LabelerLinkDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelingBatchId: string | null;

  /** First characters of the token. */
  @ApiProperty({ example: 'plk_Zk3f' })
  prefix: string;

  createdAt: Date;

  expiresAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastUsedAt: Date | null;
}

export class LabelerLinkPage extends PageOf(LabelerLinkDto) {}

export class CreatedLabelerSessionDto extends PickType(LabelerLinkDto, ['id', 'labelerId', 'labelingBatchId', 'expiresAt'] as const) {
  /** API key limited to this labeler's tasks. Shown only in this response; stored only as a hash. */
  @ApiProperty({ example: 'plk_Zk3f0000000000000000000000000000' })
  token: string;

  /** Path of the labeler's page with the token in the fragment, which browsers do not send to servers. */
  @ApiProperty({ example: '/label#plk_Zk3f0000000000000000000000000000' })
  path: string;
}

export class SessionBatchDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  name: string;

  @ApiProperty({ enum: labelingModes, enumName: 'LabelingMode' })
  mode: LabelingMode;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  dueAt: Date | null;

  @ApiProperty({ type: String, nullable: true })
  priceNote: string | null;

  /** Number of tasks that this labeler has answered. */
  @ApiProperty({ type: 'integer' })
  completedByYou: number;

  /** Number of tasks waiting for this or another labeler. */
  @ApiProperty({ type: 'integer' })
  available: number;
}

export class LabelerSessionDto {
  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** @example worker-17 */
  labelerExternalId: string;

  @ApiProperty({ type: String, nullable: true, example: 'Worker 17' })
  displayName: string | null;

  /** Open batches that this labeler may work on, at most 100. */
  @ApiProperty({ type: [SessionBatchDto] })
  batches: SessionBatchDto[];
}
