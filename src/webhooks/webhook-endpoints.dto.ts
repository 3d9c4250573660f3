import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayUnique, IsBoolean, IsIn, IsInt, IsOptional, IsString, IsUrl, Length, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { Changes, MayBeLeftOut } from '#src/common/presence.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { eventTypes, type EventType } from '#src/events/event-types.js';
import { disableReasons, type DisableReason } from './retry-schedule.js';

const urlRule = { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true };
const urlMessage = { message: 'url must be an https URL without user and password' };

export class CreateWebhookEndpointDto {
  /** URL that receives deliveries: https, at a public address. @example https://hooks.acme.example/plumbline */
  @IsString()
  @Length(1, 2000)
  @IsUrl(urlRule, urlMessage)
  url: string;

  /** @example Acme production */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  description?: string;

  /** Event types to deliver; default: all. */
  @ApiPropertyOptional({ enum: eventTypes, enumName: 'EventType', isArray: true, example: ['labeling_batch.created'] })
  @IsOptional()
  @ArrayUnique()
  @IsIn(eventTypes, { each: true })
  eventTypes?: EventType[];
}

@Changes()
export class UpdateWebhookEndpointDto {
  @ApiPropertyOptional({ type: String, example: 'https://hooks.acme.example/plumbline' })
  @MayBeLeftOut()
  @IsString()
  @Length(1, 2000)
  @IsUrl(urlRule, urlMessage)
  url?: string;

  /** @example Acme production */
  @MayBeLeftOut()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  description?: string;

  @ApiPropertyOptional({ enum: eventTypes, enumName: 'EventType', isArray: true, description: 'empty: all' })
  @MayBeLeftOut()
  @ArrayUnique()
  @IsIn(eventTypes, { each: true })
  eventTypes?: EventType[];

  /** False stops deliveries. True resumes them: waiting deliveries are sent, but events that occurred while disabled are not. */
  @ApiPropertyOptional({ example: true })
  @MayBeLeftOut()
  @IsBoolean()
  enabled?: boolean;
}

export class RotateWebhookSecretDto {
  /** How long deliveries are also signed with the old secret, in seconds; 0 ends it now. */
  @ApiPropertyOptional({ type: 'integer', default: 86_400, minimum: 0, maximum: 604_800 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(604_800)
  overlapSeconds?: number;
}

export class WebhookEndpointsQuery extends PageQuery {
  /** Only endpoints of this vendor. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  vendorId?: string;
}

export class WebhookEndpointDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: the endpoint belongs to the owner' })
  vendorId: string | null;

  /** @example https://hooks.acme.example/plumbline */
  url: string;

  @ApiProperty({ type: String, nullable: true, example: 'Acme production' })
  description: string | null;

  @ApiProperty({ enum: eventTypes, enumName: 'EventType', isArray: true, description: 'empty: all' })
  eventTypes: EventType[];

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'first failure since the last success; null: not failing' })
  failingSince: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  disabledAt: Date | null;

  @ApiProperty({ enum: disableReasons, enumName: 'DisableReason', nullable: true, example: null, description: `${disableReasons.join(', ')}, or null` })
  disabledReason: DisableReason | null;

  createdAt: Date;
}

export class WebhookEndpointPage extends PageOf(WebhookEndpointDto) {}

export class CreatedWebhookEndpointDto extends WebhookEndpointDto {
  /** Secret that the receiver verifies signatures with. Shown only in this response. */
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret: string;
}

export class WebhookSecretDto {
  /** Secret that the receiver verifies signatures with. Shown only in this response. */
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret: string;
}
