import { Body, Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { answerPosted, repeatedResponse } from '#src/common/posted.js';
import { bodyStream } from '#src/common/body-stream.js';
import { BulkResult } from '#src/common/bulk.js';
import { NdjsonBody } from '#src/common/document.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { CreateRatingDto, RatingDto, RatingPage, RatingsQuery, SupersedeRatingDto } from './ratings.dto.js';
import { RatingsService } from './ratings.service.js';

@ApiTags('ratings')
@Controller('ratings')
@OpenToVendors()
export class RatingsController {
  constructor(
    private readonly ratings: RatingsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * A rating outside of tasks: it does not complete one and does not advance a batch. A vendor may rate what is or was leased to it,
   * also when the lease is over or the batch is closed.
   */
  @Post()
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'ratings_create' })
  @ApiCreatedResponse({ type: RatingDto })
  @ApiOkResponse({ type: RatingDto, ...repeatedResponse })
  async create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateRatingDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<RatingDto> {
    return answerPosted(reply, await this.ratings.create(auth, dto));
  }

  /**
   * One rating per line, with the fields of `ratings_create`. Valid lines are stored; a line with an already stored `externalId` counts as
   * `externalId` counts as a duplicate. As with `ratings_create`, no task is completed and no batch advances.
   */
  @Post('bulk')
  @HttpCode(200)
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'ratings_createBulk' })
  @NdjsonBody(CreateRatingDto)
  @ApiOkResponse({ type: BulkResult })
  createBulk(@CurrentAuth() auth: AuthContext, @Req() request: FastifyRequest): Promise<StreamableFile> {
    return this.ratings.createBulk(auth, bodyStream(request, 'application/x-ndjson', this.config.uploadLimitBytes));
  }

  @Get()
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'ratings_list' })
  list(@CurrentAuth() auth: AuthContext, @Query() query: RatingsQuery): Promise<RatingPage> {
    return this.ratings.list(auth, query);
  }

  @Get(':id')
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'ratings_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<RatingDto> {
    return this.ratings.get(auth, id);
  }

  /** Corrects a rating: a new one replaces it, and the old one is kept. */
  @Post(':id/supersede')
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'ratings_supersede' })
  supersede(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: SupersedeRatingDto,
  ): Promise<RatingDto> {
    return this.ratings.supersede(auth, id, dto);
  }
}
