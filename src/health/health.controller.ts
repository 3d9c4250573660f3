import { Controller, Get, Header, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Public, RequireScopes } from '#src/auth/auth.js';
import { Database } from '#src/database/database.js';
import { METRICS, type Metrics } from './metrics.js';

/** Whoever asks whether to send requests here would rather hear no than wait. */
const answerWithinMs = 2000;

export class HealthDto {
  @ApiProperty({ example: 'ok' })
  status: string;
}

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** Returns 200 while the process is alive. */
  @Get('healthz')
  @Public()
  @ApiOperation({ operationId: 'health_checkLive' })
  live(): HealthDto {
    return { status: 'ok' };
  }

  /** Returns 200 while the process can serve requests, that is, its database is available. */
  @Get('readyz')
  @Public()
  @ApiOperation({ operationId: 'health_checkReady' })
  async ready(): Promise<HealthDto> {
    try {
      await this.database.ping(answerWithinMs);
    } catch {
      throw new ServiceUnavailableException();
    }
    return { status: 'ok' };
  }

  /** Prometheus metrics of this process. */
  @Get('metrics')
  @RequireScopes('admin')
  @Header('content-type', 'text/plain; version=0.0.4')
  @ApiOperation({ operationId: 'health_scrapeMetrics' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  scrape(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
