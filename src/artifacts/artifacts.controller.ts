import { Controller, Get, Inject, Param, ParseUUIDPipe, Post, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireScopes } from '#src/auth/auth.js';
import { bodyStream } from '#src/common/body-stream.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { sendContent } from './artifact-content.js';
import { ArtifactDto, ArtifactPage, ArtifactQuery, UploadArtifactQuery } from './artifacts.dto.js';
import { ArtifactsService } from './artifacts.service.js';
import { LineageDirectionQuery, LineageDto } from './lineage.dto.js';
import { LineageService } from './lineage.service.js';

const octets = { schema: { type: 'string', format: 'binary' } } as const;
/** Generators that know one media type take the first. */
const anyContent = { 'application/octet-stream': octets, '*/*': octets };
const contentHeaders = {
  ETag: { description: 'The sha256 of the content', schema: { type: 'string' } },
  'Accept-Ranges': { description: '`bytes`', schema: { type: 'string' } },
} as const;

@ApiTags('artifacts')
@Controller('artifacts')
export class ArtifactsController {
  constructor(
    private readonly artifacts: ArtifactsService,
    private readonly lineage: LineageService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Uploads a file. The request body is its content. */
  @Post()
  @RequireScopes('artifacts:write')
  @ApiOperation({ operationId: 'artifacts_upload' })
  @ApiConsumes('application/octet-stream')
  @ApiBody(octets)
  upload(@Query() query: UploadArtifactQuery, @Req() request: FastifyRequest): Promise<ArtifactDto> {
    return this.artifacts.upload(query, bodyStream(request, 'application/octet-stream', this.config.uploadLimitBytes));
  }

  @Get()
  @RequireScopes('artifacts:read')
  @ApiOperation({ operationId: 'artifacts_list' })
  list(@Query() query: ArtifactQuery): Promise<ArtifactPage> {
    return this.artifacts.list(query);
  }

  @Get(':id')
  @RequireScopes('artifacts:read')
  @ApiOperation({ operationId: 'artifacts_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<ArtifactDto> {
    return this.artifacts.get(id);
  }

  /** Downloads the content. Accepts `Range` with one range, and `If-None-Match` with the sha256 as entity tag. */
  @Get(':id/content')
  @RequireScopes('artifacts:read')
  @ApiOperation({ operationId: 'artifacts_download' })
  @ApiHeader({ name: 'Range', required: false, example: 'bytes=0-1023' })
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiProduces('application/octet-stream', '*/*')
  @ApiOkResponse({ description: 'The whole content, in the media type of the upload', headers: { ...contentHeaders }, content: anyContent })
  @ApiResponse({ status: 206, description: 'The requested range', headers: { ...contentHeaders }, content: anyContent })
  @ApiResponse({ status: 304, description: 'Not modified' })
  async download(
    @Param('id', ParseUUIDPipe) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    return sendContent(this.artifacts, await this.artifacts.get(id), request, reply);
  }

  /** What this file was made from (`up`) or what was made from it (`down`). */
  @Get(':id/lineage')
  @RequireScopes('artifacts:read')
  @ApiOperation({ operationId: 'artifacts_traceLineage' })
  async trace(@Param('id', ParseUUIDPipe) id: string, @Query() query: LineageDirectionQuery): Promise<LineageDto> {
    await this.artifacts.get(id);
    return this.lineage.trace({ type: 'artifact', id }, query);
  }
}
