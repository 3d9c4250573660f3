import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { CreateLabelingBatchDto, LabelingBatchDetailDto, LabelingBatchesQuery, LabelingBatchPage } from './labeling-batches.dto.js';
import { LabelingBatchesService } from './labeling-batches.service.js';

@ApiTags('labeling-batches')
@Controller('labeling-batches')
export class LabelingBatchesController {
  constructor(private readonly batches: LabelingBatchesService) {}

  /** Creates labeling tasks over completions: `overlap` labelers of the given vendors judge every item. */
  @Post()
  @RequireScopes('labeling:write')
  @ApiOperation({ operationId: 'labelingBatches_create' })
  create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateLabelingBatchDto): Promise<LabelingBatchDetailDto> {
    return this.batches.create(auth, dto);
  }

  @Get()
  @RequireScopes('labeling:read')
  @OpenToVendors()
  @ApiOperation({ operationId: 'labelingBatches_list' })
  list(@CurrentAuth() auth: AuthContext, @Query() query: LabelingBatchesQuery): Promise<LabelingBatchPage> {
    return this.batches.list(auth, query);
  }

  @Get(':id')
  @RequireScopes('labeling:read')
  @OpenToVendors()
  @ApiOperation({ operationId: 'labelingBatches_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<LabelingBatchDetailDto> {
    return this.batches.get(auth, id);
  }

  /** Closes the batch: leases are withdrawn, submitted answers are kept. No effect on a batch that has ended. */
  @Post(':id/close')
  @HttpCode(200)
  @RequireScopes('labeling:write')
  @ApiOperation({ operationId: 'labelingBatches_close' })
  close(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<LabelingBatchDetailDto> {
    return this.batches.close(auth, id);
  }
}
