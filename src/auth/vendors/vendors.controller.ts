import { Body, Controller, Get, Param, ParseUUIDPipe, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '../auth.js';
import { CreateVendorDto, UpdateVendorDto, VendorDto, VendorPage, VendorsQuery } from './vendors.dto.js';
import { VendorsService } from './vendors.service.js';

@ApiTags('vendors')
@Controller('vendors')
export class VendorsController {
  constructor(private readonly vendors: VendorsService) {}

  @Post()
  @RequireScopes('vendors:write')
  @ApiOperation({ operationId: 'vendors_create' })
  create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateVendorDto): Promise<VendorDto> {
    return this.vendors.create(auth, dto);
  }

  /** The owner sees all vendors; a vendor sees only itself. */
  @Get()
  @OpenToVendors()
  @RequireScopes('vendors:read')
  @ApiOperation({ operationId: 'vendors_list' })
  list(@CurrentAuth() auth: AuthContext, @Query() query: VendorsQuery): Promise<VendorPage> {
    return this.vendors.list(auth, query);
  }

  @Get(':id')
  @OpenToVendors()
  @RequireScopes('vendors:read')
  @ApiOperation({ operationId: 'vendors_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<VendorDto> {
    return this.vendors.get(auth, id);
  }

  /** Renames or suspends a vendor. The keys of a suspended vendor are refused. */
  @Patch(':id')
  @RequireScopes('vendors:write')
  @ApiOperation({ operationId: 'vendors_update' })
  update(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: UpdateVendorDto,
  ): Promise<VendorDto> {
    return this.vendors.update(auth, id, dto);
  }
}
