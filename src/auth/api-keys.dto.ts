import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayNotEmpty, ArrayUnique, IsDate, IsIn, IsOptional, IsString, Length, MinDate } from 'class-validator';
import { PageOf } from '#src/common/pagination.js';
import { scopes, type Scope } from './scopes.js';

export class CreateApiKeyDto {
  /** What the key is for. @example vendor acme, ratings */
  @IsString()
  @Length(1, 200)
  name: string;

  @ApiProperty({ enum: scopes, enumName: 'Scope', isArray: true, example: ['ratings:write'] })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(scopes, { each: true })
  scopes: Scope[];

  /** From when on the key is refused. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  @MinDate(() => new Date())
  expiresAt?: Date;
}

export class ApiKeyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  name: string;

  /** First characters of the key. */
  @ApiProperty({ example: 'plk_Zk3f' })
  prefix: string;

  @ApiProperty({ enum: scopes, enumName: 'Scope', isArray: true })
  scopes: Scope[];

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  vendorId: string | null;

  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastUsedAt: Date | null;
}

export class CreatedApiKeyDto extends ApiKeyDto {
  /** The key itself. It is shown this once and kept only as a hash. */
  @ApiProperty({ example: 'plk_Zk3f0000000000000000000000000000' })
  secret: string;
}

export class ApiKeyPage extends PageOf(ApiKeyDto) {}
