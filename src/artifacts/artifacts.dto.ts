import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Length, Matches } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';

const kindPattern = /^[a-z][a-z0-9_-]{0,63}$/;
const sha256Pattern = /^[0-9a-f]{64}$/;

/** Query of an upload; the body is the content. */
export class UploadArtifactQuery {
  /** Purpose of the file. @example model-file */
  @Matches(kindPattern)
  kind: string;

  /** File name for downloads, without folders. @example model.safetensors */
  @IsString()
  @Length(1, 255)
  @Matches(/^[^\p{Cc}/\\]+$/u)
  @IsStorable()
  fileName: string;

  /** Media type, returned with the content. @example application/octet-stream */
  @IsOptional()
  @Length(3, 200)
  @Matches(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(; ?[\w-]+=[\w.+-]+)*$/)
  mediaType?: string;

  /** Expected sha256 in lower-case hex; a body with another sha256 is refused. */
  @IsOptional()
  @Matches(sha256Pattern)
  sha256?: string;
}

export class ArtifactQuery extends PageQuery {
  /** Only artifacts of this kind. @example model-file */
  @IsOptional()
  @Matches(kindPattern)
  kind?: string;

  /** Only artifacts with this sha256, in lower-case hex. */
  @IsOptional()
  @Matches(sha256Pattern)
  sha256?: string;
}

export class ArtifactDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example model-file */
  kind: string;

  /** Lower-case hex. @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 */
  sha256: string;

  @ApiProperty({ type: 'integer', format: 'int64', example: 3145728 })
  bytes: number;

  /** @example application/octet-stream */
  mediaType: string;

  /** @example model.safetensors */
  fileName: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  metadata: Record<string, unknown>;

  createdAt: Date;
}

export class ArtifactPage extends PageOf(ArtifactDto) {}
