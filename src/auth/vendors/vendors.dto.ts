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

  /** True suspends the vendor: all its keys are refused within two seconds. False lifts the suspension. */
  @ApiPropertyOptional({ example: true })
  @MayBeLeftOut()
  @IsBoolean()
  suspended?: boolean;
}

export class VendorsQuery extends PageQuery {
  /** Only the vendor with this name. */
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

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'when the vendor was suspended; null: active' })
  suspendedAt: Date | null;
}

export class VendorPage extends PageOf(VendorDto) {}
