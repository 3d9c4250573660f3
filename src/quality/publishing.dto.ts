import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsStorable } from '#src/common/storable.js';

export class PublishCriterionVersionDto {
  /**
   * Reason for publishing despite too little agreement or a missing required pilot. Stored with the version and in the audit log.
   */
  @ApiPropertyOptional({ example: 'Taste: the panel will not agree more than this, and we average five ratings.' })
  @IsOptional()
  @IsString()
  @Length(10, 2000)
  @IsStorable()
  overrideReason?: string;
}
