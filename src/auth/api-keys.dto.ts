import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PageOf } from '#src/common/pagination.js';
import { IsTime } from '#src/common/time.js';
import { scopes, vendorScopes, type Scope, type VendorScope } from './scopes.js';

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
  @IsTime({ future: true })
  expiresAt?: Date;
}

export class CreateVendorApiKeyDto {
  /** What the key is for. @example Acme production */
  @IsString()
  @Length(1, 200)
  name: string;

  @ApiProperty({ enum: vendorScopes, enumName: 'VendorScope', isArray: true, example: ['tasks:work', 'ratings:write'] })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(vendorScopes, { each: true })
  scopes: VendorScope[];

  /** From when on the key is refused. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime({ future: true })
  expiresAt?: Date;
}

export class RotateApiKeyDto {
  /** How long the old key works beside its successor; 0 ends it now. It never works longer than it would have. */
  @ApiPropertyOptional({ type: 'integer', default: 86_400, minimum: 0, maximum: 2_592_000 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_592_000)
  graceSeconds?: number;

  /** Of the successor. Without it, it lives as long as the old key was made to. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime({ future: true })
  expiresAt?: Date;
}

export class ApiKeyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  name: string;

  /** First characters of the key; empty for `PLUMBLINE_ADMIN_KEY`, which people chose. */
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

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'the key that took its place' })
  successorId: string | null;

  /** It is, or was, `PLUMBLINE_ADMIN_KEY`. */
  fromEnvironment: boolean;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: "only of a labeler's session" })
  labelerId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: "only of a labeler's session" })
  labelingBatchId: string | null;
}

export class CreatedApiKeyDto extends ApiKeyDto {
  /** The key itself. It is shown this once and kept only as a hash. */
  @ApiProperty({ example: 'plk_Zk3f0000000000000000000000000000' })
  secret: string;
}

export class ApiKeyPage extends PageOf(ApiKeyDto) {}
