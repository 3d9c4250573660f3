import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PageOf } from '#src/common/pagination.js';
import { IsTime } from '#src/common/time.js';
import { scopes, vendorScopes, type Scope, type VendorScope } from './scopes.js';

export class CreateApiKeyDto {
  /** Name that tells what the key is for. @example vendor acme, ratings */
  @IsString()
  @Length(1, 200)
  name: string;

  @ApiProperty({ enum: scopes, enumName: 'Scope', isArray: true, example: ['ratings:write'] })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(scopes, { each: true })
  scopes: Scope[];

  /** When the key expires. Default: never. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime({ future: true })
  expiresAt?: Date;
}

export class CreateVendorApiKeyDto {
  /** Name that tells what the key is for. @example Acme production */
  @IsString()
  @Length(1, 200)
  name: string;

  @ApiProperty({ enum: vendorScopes, enumName: 'VendorScope', isArray: true, example: ['tasks:work', 'ratings:write'] })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(vendorScopes, { each: true })
  scopes: VendorScope[];

  /** When the key expires. Default: never. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime({ future: true })
  expiresAt?: Date;
}

export class RotateApiKeyDto {
  /** How long the old key keeps working, in seconds; 0 ends it now. Its own expiry still applies. */
  @ApiPropertyOptional({ type: 'integer', default: 86_400, minimum: 0, maximum: 2_592_000 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_592_000)
  graceSeconds?: number;

  /** Expiry of the new key. Default: the lifetime of the old key. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime({ future: true })
  expiresAt?: Date;
}

export class ApiKeyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  name: string;

  /** First characters of the key; empty for `PLUMBLINE_ADMIN_KEY`, which is chosen by the operator. */
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

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'the key that replaced it; null: not rotated' })
  successorId: string | null;

  /** Whether the key is, or was, `PLUMBLINE_ADMIN_KEY`. */
  fromEnvironment: boolean;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: "set only for labeler sessions" })
  labelerId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: "set only for labeler sessions" })
  labelingBatchId: string | null;
}

export class CreatedApiKeyDto extends ApiKeyDto {
  /** The secret key. Shown only in this response; stored only as a hash. */
  @ApiProperty({ example: 'plk_Zk3f0000000000000000000000000000' })
  secret: string;
}

export class ApiKeyPage extends PageOf(ApiKeyDto) {}
