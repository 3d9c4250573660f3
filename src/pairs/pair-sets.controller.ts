import contentDisposition from 'content-disposition';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { NdjsonAnswer } from '#src/common/document.js';
import { PageQuery } from '#src/common/pagination.js';
import { accepted } from '#src/jobs/accepted.js';
import { PairSetDiagnosticsDto } from './pair-diagnostics.dto.js';
import {
  CreatePairSetDto,
  ExportedPairDto,
  ExportQuery,
  PairPage,
  PairSetDto,
  PairSetLabelerWeightPage,
  PairSetPage,
  PairSetPreviewDto,
  PairsQuery,
} from './pair-sets.dto.js';
import type { PairSet } from './pair-set.entity.js';
import { PairSetsService } from './pair-sets.service.js';

@ApiTags('pair-sets')
@Controller('pair-sets')
export class PairSetsController {
  constructor(private readonly sets: PairSetsService) {}

  /** Starts a job that builds a pair set from the ratings stored when it runs. */
  @Post()
  @HttpCode(202)
  @RequireScopes('pairs:write')
  @ApiOperation({ operationId: 'pairSets_create' })
  @ApiAcceptedResponse({ type: PairSetDto })
  async create(
    @CurrentAuth() auth: AuthContext,
    @Body() dto: CreatePairSetDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PairSetDto> {
    const set = await this.sets.create(auth, dto);
    accepted(reply, set.jobId);
    return toDto(set);
  }

  /** Counts the resulting pairs without storing anything. */
  @Post('preview')
  @HttpCode(200)
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_preview' })
  preview(@Body() dto: CreatePairSetDto): Promise<PairSetPreviewDto> {
    return this.sets.preview(dto);
  }

  @Get()
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_list' })
  async list(@Query() query: PageQuery): Promise<PairSetPage> {
    const page = await this.sets.list(query);
    return { ...page, data: page.data.map(toDto) };
  }

  @Get(':id')
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_get' })
  async get(@Param('id', ParseUUIDPipe) id: string): Promise<PairSetDto> {
    return toDto(await this.sets.get(id));
  }

  /** The pairs in order, preferred completion first. */
  @Get(':id/pairs')
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_listPairs' })
  listPairs(@Param('id', ParseUUIDPipe) id: string, @Query() query: PairsQuery): Promise<PairPage> {
    return this.sets.pairs(id, query);
  }

  /** Statistics of the build, and the accuracy of content-blind rules on the pairs. */
  @Get(':id/diagnostics')
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_getDiagnostics' })
  diagnostics(@Param('id', ParseUUIDPipe) id: string): Promise<PairSetDiagnosticsDto> {
    return this.sets.diagnostics(id);
  }

  /** Weight of each labeler's ratings and votes, in a set with `reliability-weighted` aggregation or `pairWeights`. */
  @Get(':id/labeler-weights')
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_listLabelerWeights' })
  labelerWeights(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<PairSetLabelerWeightPage> {
    return this.sets.labelerWeights(id, query);
  }

  /** Pairs in TRL's preference format, one `{"prompt","chosen","rejected"}` per line, in order; kept ties are omitted. */
  @Get(':id/export')
  @RequireScopes('pairs:read')
  @ApiOperation({ operationId: 'pairSets_export' })
  @NdjsonAnswer(ExportedPairDto)
  async export(@Param('id', ParseUUIDPipe) id: string, @Query() query: ExportQuery): Promise<StreamableFile> {
    const name = `pair-set-${id}${query.split ? `-${query.split}` : ''}.jsonl`;
    const lines = await this.sets.export(id, query.split);
    return new StreamableFile(lines, { type: 'application/x-ndjson', disposition: contentDisposition(name) });
  }
}

/** Diagnostics have a route of their own. */
function toDto({ diagnostics: _, ...set }: PairSet): PairSetDto {
  return set;
}
