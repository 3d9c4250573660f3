import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, IsUrl, Length, Matches, Max, Min } from 'class-validator';
import { IsStorable } from '#src/common/storable.js';
import { endpointKeyName } from '#src/config/endpoint-keys.js';
import { endpointApis, type EndpointApi, type PolicyEndpoint } from './policy.entity.js';

export class PolicyEndpointOptionsDto {
  /** Base URL, to which `/chat/completions` or `/completions` is appended. @example https://api.openai.com/v1 */
  @IsString()
  @Length(1, 2000)
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true },
    { message: 'baseUrl must be an http or https URL without user and password' },
  )
  @Matches(/^[^?#]*$/, { message: 'baseUrl must have no query and no fragment' })
  baseUrl: string;

  /** Name of the model on the server. @example gpt-4o-mini */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  model: string;

  /** `chat` calls /chat/completions with the prompt as user message; `completions` calls /completions with its text. */
  @ApiPropertyOptional({ enum: endpointApis, enumName: 'EndpointApi', default: 'chat' })
  @IsOptional()
  @IsIn(endpointApis)
  api?: EndpointApi;

  /** Environment variable of the workers that holds the endpoint's origin and API key. Default: no key is sent. */
  @ApiPropertyOptional({ type: String, example: 'ENDPOINT_KEY_OPENAI' })
  @IsOptional()
  @Matches(endpointKeyName, { message: 'apiKeyEnv must be ENDPOINT_KEY_ followed by A-Z, 0-9 or _' })
  apiKeyEnv?: string;

  /** Maximum number of parallel requests. */
  @ApiPropertyOptional({ type: 'integer', default: 4, minimum: 1, maximum: 64 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  maxConcurrency?: number;

  /** Timeout of one request, in seconds. */
  @ApiPropertyOptional({ type: 'integer', default: 120, minimum: 1, maximum: 3600 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3600)
  timeoutSeconds?: number;
}

/** The key itself is never stored nor shown, only the name of its variable. */
export class PolicyEndpointDto implements PolicyEndpoint {
  /** @example https://api.openai.com/v1 */
  baseUrl: string;

  /** @example gpt-4o-mini */
  model: string;

  @ApiProperty({ enum: endpointApis, enumName: 'EndpointApi' })
  api: EndpointApi;

  @ApiProperty({ type: String, nullable: true, example: 'ENDPOINT_KEY_OPENAI' })
  apiKeyEnv: string | null;

  @ApiProperty({ type: 'integer', example: 4 })
  maxConcurrency: number;

  @ApiProperty({ type: 'integer', example: 120 })
  timeoutSeconds: number;
}

export function completeEndpoint({ baseUrl, model, api, apiKeyEnv, maxConcurrency, timeoutSeconds }: PolicyEndpointOptionsDto): PolicyEndpoint {
  return {
    baseUrl: new URL(baseUrl).href.replace(/\/+$/, ''),
    model,
    api: api ?? 'chat',
    apiKeyEnv: apiKeyEnv ?? null,
    maxConcurrency: maxConcurrency ?? 4,
    timeoutSeconds: timeoutSeconds ?? 120,
  };
}
