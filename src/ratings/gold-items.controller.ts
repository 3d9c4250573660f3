import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { CreateGoldItemDto, GoldItemDto, GoldItemPage, GoldItemsQuery } from './gold-items.dto.js';
import { GoldItemsService } from './gold-items.service.js';

@ApiTags('gold-items')
@Controller('gold-items')
export class GoldItemsController {
  constructor(private readonly items: GoldItemsService) {}

  /** Creates a gold item: a completion with a known correct score. Labeling batches with a `goldShare` include gold items without marking them. */
  @Post()
  @RequireScopes('labeling:write')
  @ApiOperation({ operationId: 'goldItems_create' })
  create(@Body() dto: CreateGoldItemDto): Promise<GoldItemDto> {
    return this.items.create(dto);
  }

  @Get()
  @RequireScopes('labeling:read')
  @ApiOperation({ operationId: 'goldItems_list' })
  list(@Query() query: GoldItemsQuery): Promise<GoldItemPage> {
    return this.items.list(query);
  }

  @Get(':id')
  @RequireScopes('labeling:read')
  @ApiOperation({ operationId: 'goldItems_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<GoldItemDto> {
    return this.items.get(id);
  }

  /** Retires a gold item. New batches no longer include it; earlier answers still count. */
  @Post(':id/retire')
  @HttpCode(200)
  @RequireScopes('labeling:write')
  @ApiOperation({ operationId: 'goldItems_retire' })
  retire(@Param('id', ParseUUIDPipe) id: string): Promise<GoldItemDto> {
    return this.items.retire(id);
  }
}
