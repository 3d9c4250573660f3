import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';

export class CreateLabelerDto {
  /** Client's id of the labeler; unique per vendor. @example worker-17 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  externalId: string;

  /** @example Worker 17 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  displayName?: string;

  /** Whether a program gives the ratings instead of a person. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  simulated?: boolean;

  /** Vendor of the labeler; only for the owner. A vendor key always creates its own labelers. */
  @ApiPropertyOptional({ type: String, format: 'uuid' })
  @IsOptional()
  @IsUUID()
  vendorId?: string;
}

export class LabelerDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  vendorId: string | null;

  /** @example worker-17 */
  externalId: string;

  @ApiProperty({ type: String, nullable: true, example: 'Worker 17' })
  displayName: string | null;

  simulated: boolean;

  createdAt: Date;
}

export class LabelerPage extends PageOf(LabelerDto) {}

export class LabelersQuery extends PageQuery {
  /** Only the labeler with this external id. */
  @IsOptional()
  @IsString()
  @IsStorable()
  externalId?: string;

  /** Only labelers of this vendor. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  vendorId?: string;
}
