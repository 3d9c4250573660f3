import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToLabelers, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { SubmitTaskDto, TaskDetailDto } from './submissions.dto.js';
import { TaskClaimsService } from './task-claims.service.js';
import { TaskSubmissionsService } from './task-submissions.service.js';
import { ClaimedTasksDto, ClaimTasksDto, LeaseTimeDto, SkipTaskDto, TaskDto, TaskPage, TasksQuery } from './tasks.dto.js';
import { TasksService } from './tasks.service.js';

@ApiTags('tasks')
@Controller()
@RequireScopes('tasks:work')
@OpenToVendors()
@OpenToLabelers()
export class TasksController {
  constructor(
    private readonly tasks: TasksService,
    private readonly claims: TaskClaimsService,
    private readonly submissions: TaskSubmissionsService,
  ) {}

  /** Leases up to `k` tasks, with texts and criterion, to a labeler. A repeated claim returns other tasks. */
  @Post('labeling-batches/:id/tasks/claim')
  @HttpCode(200)
  @ApiOperation({ operationId: 'tasks_claim' })
  claim(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Body() dto: ClaimTasksDto): Promise<ClaimedTasksDto> {
    return this.claims.claim(auth, id, dto);
  }

  /** Tasks of a batch that are or were leased to labelers of the caller. */
  @Get('labeling-batches/:id/tasks')
  @ApiOperation({ operationId: 'tasks_list' })
  list(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Query() query: TasksQuery): Promise<TaskPage> {
    return this.tasks.list(auth, id, query);
  }

  @Get('tasks/:id')
  @ApiOperation({ operationId: 'tasks_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<TaskDetailDto> {
    return this.submissions.get(auth, id);
  }

  /** Extends a lease that has not expired. */
  @Post('tasks/:id/heartbeat')
  @HttpCode(200)
  @ApiOperation({ operationId: 'tasks_heartbeat' })
  heartbeat(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Body() dto: LeaseTimeDto): Promise<TaskDto> {
    return this.tasks.heartbeat(auth, id, dto);
  }

  /** Returns a task. The same labeler may get its item again. */
  @Post('tasks/:id/release')
  @HttpCode(200)
  @ApiOperation({ operationId: 'tasks_release' })
  release(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<TaskDto> {
    return this.tasks.release(auth, id);
  }

  /** Skips a task, with a reason. The labeler does not get its item again. */
  @Post('tasks/:id/skip')
  @HttpCode(200)
  @ApiOperation({ operationId: 'tasks_skip' })
  skip(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Body() dto: SkipTaskDto): Promise<TaskDto> {
    return this.tasks.skip(auth, id, dto);
  }

  /** Submits the answer to a task. Its ratings, ranking or comparison are stored completely or not at all. */
  @Post('tasks/:id/submit')
  @HttpCode(200)
  @ApiOperation({ operationId: 'tasks_submit' })
  submit(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Body() dto: SubmitTaskDto): Promise<TaskDetailDto> {
    return this.submissions.submit(auth, id, dto);
  }

  /** Corrects the labeler's last answer in a batch, which may be completed but not closed. The earlier answer is superseded, not deleted. */
  @Post('tasks/:id/correct')
  @HttpCode(200)
  @ApiOperation({ operationId: 'tasks_correct' })
  correct(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Body() dto: SubmitTaskDto): Promise<TaskDetailDto> {
    return this.submissions.correct(auth, id, dto);
  }
}
