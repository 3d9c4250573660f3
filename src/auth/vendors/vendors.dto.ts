import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import { Changes, MayBeLeftOut } from '#src/common/presence.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';

export class CreateVendorDto {
  /** Unique. @example Acme Labeling */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;
}

@Changes()
export class UpdateVendorDto {
  /** @example Acme Labeling Ltd */
  @MayBeLeftOut()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name?: string;

  /** True refuses all keys of the vendor from now on (within two seconds), false lets them work again. */
  @ApiPropertyOptional({ example: true })
  @MayBeLeftOut()
  @IsBoolean()
  suspended?: boolean;
}

export class VendorsQuery extends PageQuery {
  /** Only the vendor of this name. */
  @IsOptional()
  @IsString()
  @IsStorable()
  name?: string;
}

export class VendorDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example Acme Labeling */
  name: string;

  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'since when its keys are refused' })
  suspendedAt: Date | null;
}

export class VendorPage extends PageOf(VendorDto) {}
