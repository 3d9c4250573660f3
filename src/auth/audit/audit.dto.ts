import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsTime } from '#src/common/time.js';
import { actorTypes, auditActions, type ActorType, type AuditAction } from './audit-actions.js';
import type { AuditEntry } from './audit-entry.entity.js';

export class AuditQuery extends PageQuery {
  /** Only actions of this API key. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  actor?: string;

  @ApiPropertyOptional({ enum: auditActions, enumName: 'AuditAction' })
  @IsOptional()
  @IsIn(auditActions)
  action?: AuditAction;

  /** A resource type or one resource: `vendor`, `vendor:019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00`. */
  @IsOptional()
  @Matches(/^[a-z_]{1,60}(:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/, { message: 'resource must be a type, or type:id' })
  resource?: string;

  /** Only actions at or after this time. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime()
  from?: Date;

  /** Only actions before this time. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime()
  to?: Date;
}

export class AuditActorDto {
  @ApiProperty({ enum: actorTypes, enumName: 'AuditActorType' })
  type: ActorType;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  apiKeyId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  vendorId: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  address: string | null;
}

export class AuditResourceDto {
  @ApiProperty({ example: 'api_key' })
  type: string;

  @ApiProperty({ format: 'uuid' })
  id: string;
}

export class AuditEntryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: auditActions, enumName: 'AuditAction', description: 'new actions may be added' })
  action: AuditAction;

  @ApiProperty({ type: AuditActorDto })
  actor: AuditActorDto;

  @ApiProperty({ type: () => AuditResourceDto, nullable: true })
  resource: AuditResourceDto | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { name: 'acme', scopes: ['tasks:work'] } })
  detail: Record<string, unknown>;

  createdAt: Date;
}

export class AuditEntryPage extends PageOf(AuditEntryDto) {}

export function toAuditEntryDto(entry: AuditEntry): AuditEntryDto {
  const { id, action, actorType, actorKeyId, actorVendorId, address, resourceType, resourceId, detail, createdAt } = entry;
  return {
    id,
    action,
    actor: { type: actorType, apiKeyId: actorKeyId, vendorId: actorVendorId, address },
    resource: resourceType !== null && resourceId !== null ? { type: resourceType, id: resourceId } : null,
    detail,
    createdAt,
  };
}
