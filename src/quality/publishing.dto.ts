import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsStorable } from '#src/common/storable.js';

export class PublishCriterionVersionDto {
  /**
   * Publish although the pilot found too little agreement, or there was none where the criterion asks for one. Kept
   * with the version and in the audit log.
   */
  @ApiPropertyOptional({ example: 'Taste: the panel will not agree more than this, and we average five ratings.' })
  @IsOptional()
  @IsString()
  @Length(10, 2000)
  @IsStorable()
  overrideReason?: string;
}
