import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { queueNames, type QueueName } from './job-types.js';
import type { WorkerRow } from './worker.entity.js';
import { WorkersRepository } from './workers.repository.js';

export class WorkerCapabilitiesDto {
  @ApiProperty({ type: 'integer', format: 'int64', example: 17_179_869_184, description: 'memory limit of one training, in bytes' })
  memoryBytes: number;

  @ApiProperty({ type: 'integer', example: 8, description: 'ONNX Runtime threads; 0: one per core' })
  threads: number;

  @ApiProperty({ example: 'cpu' })
  executionProvider: string;
}

export class WorkerDto {
  @ApiProperty({ format: 'uuid', example: '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f02' })
  id: string;

  @ApiProperty({ example: 'trainer-1' })
  host: string;

  @ApiProperty({ type: 'integer', example: 4711, description: 'process id on the host' })
  pid: number;

  @ApiProperty({ enum: queueNames, enumName: 'QueueName', isArray: true })
  queues: QueueName[];

  @ApiProperty({ type: WorkerCapabilitiesDto })
  capabilities: WorkerCapabilitiesDto;

  @ApiProperty({ type: String, format: 'date-time' })
  startedAt: Date;

  @ApiProperty({ type: String, format: 'date-time' })
  lastSeenAt: Date;
}

export class WorkerListDto {
  @ApiProperty({ type: [WorkerDto] })
  data: WorkerDto[];
}

@ApiTags('jobs')
@Controller('workers')
@RequireScopes('jobs:read')
export class WorkersController {
  constructor(private readonly workers: WorkersRepository) {}

  /** Live worker processes and the queues that they serve. */
  @Get()
  @ApiOperation({ operationId: 'workers_list' })
  @ApiOkResponse({ type: WorkerListDto })
  async list(): Promise<WorkerListDto> {
    return { data: (await this.workers.list()).map(toWorkerDto) };
  }
}

function toWorkerDto({ id, host, pid, queues, capabilities, startedAt, lastSeenAt }: WorkerRow): WorkerDto {
  return { id, host, pid, queues, capabilities, startedAt, lastSeenAt };
}
