import { Controller, Get, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { ModelDto } from './models.dto.js';
import { ModelsService } from './models.service.js';

@ApiTags('models')
@Controller('models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  /** A model and its files; each file is an artifact. */
  @Get(':id')
  @RequireScopes('artifacts:read')
  @ApiOperation({ operationId: 'models_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<ModelDto> {
    return this.models.get(id);
  }
}
