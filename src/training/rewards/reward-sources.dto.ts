import { ApiProperty, ApiPropertyOptional, getSchemaPath, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsString, IsUrl, Length, Matches, Max, Min, NotEquals, ValidateBy } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { Nullable } from '#src/common/presence.js';
import { IsStorable } from '#src/common/storable.js';
import { endpointKeyName } from '#src/config/endpoint-keys.js';
import { httpDefaults, rewardSourceTypes } from './reward-sources.js';

const headerName = /^[a-z0-9-]{1,64}$/i;
/** Set by the request itself, or where secrets would lie. */
const reserved = /^(host|connection|content-.*|transfer-encoding|accept|authorization|proxy-.*|cookie|.*(api|access|auth).*(key|token).*|.*secret.*)$/i;

function IsPlainHeaders(): PropertyDecorator {
  const validate = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length <= 20 &&
    Object.entries(value).every(([name, text]) => headerName.test(name) && !reserved.test(name) && typeof text === 'string' && /^[ -~]{0,1000}$/.test(text));
  const defaultMessage = () => 'headers must map header names to strings, without standard request headers and without secrets: put a key into apiKeyEnv';
  return ValidateBy({ name: 'isPlainHeaders', validator: { validate, defaultMessage } });
}

class SourceOptionsDto {
  /** Name in metrics such as `rewards/<name>/mean`. Default: the name of the reward model, or `http`. */
  @ApiPropertyOptional({ example: 'helpfulness' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9._-]{1,64}$/, { message: 'name must be 1 to 64 letters, digits, dots, underscores or hyphens' })
  name?: string;

  /** Factor of its scores in the weighted sum; a negative weight makes it a penalty. */
  @ApiPropertyOptional({ default: 1, example: 1 })
  @IsOptional()
  @IsNumber()
  @NotEquals(0)
  @Min(-1000)
  @Max(1000)
  weight?: number;
}

/** Scores of a reward model that was trained here. */
export class RewardModelSourceDto extends SourceOptionsDto {
  @ApiProperty({ enum: ['reward-model'] })
  @IsIn(['reward-model'])
  type: 'reward-model';

  /** Id of a trained reward model. */
  @IsUUID()
  rewardModelId: string;

  /** Normalise scores by mean and deviation of the model's evaluation, so that the weights of several models are comparable. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  normalize?: boolean;
}

/** Rewards of a server: POST {items: [{prompt, completion}]}, answered with {rewards: [number]}. */
export class HttpRewardSourceDto extends SourceOptionsDto {
  @ApiProperty({ enum: ['http'] })
  @IsIn(['http'])
  type: 'http';

  /** @example https://rewards.example.com/score */
  @IsString()
  @Length(1, 2000)
  @IsStorable()
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true },
    { message: 'url must be an http or https URL without user and password' },
  )
  url: string;

  /** Environment variable of the workers that holds the server's origin and API key. Default: no key is sent. */
  @ApiPropertyOptional({ type: String, nullable: true, example: 'ENDPOINT_KEY_REWARDS' })
  @IsOptional()
  @Nullable()
  @Matches(endpointKeyName, { message: 'apiKeyEnv must be ENDPOINT_KEY_ followed by A-Z, 0-9 or _' })
  apiKeyEnv?: string | null;

  /** Headers of each request. They are shown with the run and must not contain secrets. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, example: { 'x-criterion': 'helpfulness' } })
  @IsOptional()
  @IsPlainHeaders()
  headers?: Record<string, string>;

  /** Timeout of one request, in seconds. */
  @ApiPropertyOptional({ type: 'integer', default: httpDefaults.timeoutSeconds })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3600)
  timeoutSeconds?: number;

  /** Completions per request. */
  @ApiPropertyOptional({ type: 'integer', default: httpDefaults.batchSize })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  batchSize?: number;

  /** Maximum number of parallel requests. */
  @ApiPropertyOptional({ type: 'integer', default: httpDefaults.maxConcurrency })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  maxConcurrency?: number;
}

export type RewardSourceDto = RewardModelSourceDto | HttpRewardSourceDto;

/** Turned down with the types there are. */
export class UnknownRewardSource {
  @IsIn(rewardSourceTypes)
  type: string;
}

export const rewardSourceModels = [RewardModelSourceDto, HttpRewardSourceDto];

export const rewardSourceDiscriminator = {
  property: 'type',
  subTypes: [
    { name: 'reward-model', value: RewardModelSourceDto },
    { name: 'http', value: HttpRewardSourceDto },
  ],
};

const mapping = { 'reward-model': getSchemaPath(RewardModelSourceDto), http: getSchemaPath(HttpRewardSourceDto) };

export const rewardSourcesSchema = {
  type: 'array',
  items: { oneOf: Object.values(mapping).map(($ref) => ({ $ref })), discriminator: { propertyName: 'type', mapping } },
} satisfies ApiPropertyOptions;
