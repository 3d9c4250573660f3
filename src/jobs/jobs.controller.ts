import { Readable } from 'node:stream';
import { Controller, Get, Headers, HttpCode, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery, pageRequest } from '#src/common/pagination.js';
import { accepted } from './accepted.js';
import { noneMatches } from '#src/common/entity-tag.js';
import { etagOf, parseEventId, preferredWait } from './http-conditions.js';
import { jobEventStream } from './job-event-stream.js';
import { JobSignals } from './job-signals.js';
import { terminal } from './job-state.js';
import {
  JobDto,
  JobLogPage,
  JobMetricPage,
  JobOutcomeDto,
  JobPage,
  ListJobsQuery,
  ListMetricsQuery,
  metricPage,
  toJobDto,
  toLogDto,
  toMetricDto,
  toOutcomeDto,
} from './jobs.dto.js';
import { JobsService } from './jobs.service.js';

@ApiTags('jobs')
@Controller('jobs')
@RequireScopes('jobs:read')
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly signals: JobSignals,
  ) {}

  /** Newest first. */
  @Get()
  @ApiOperation({ operationId: 'jobs_list' })
  @ApiOkResponse({ type: JobPage })
  async list(@CurrentAuth() auth: AuthContext, @Query() query: ListJobsQuery): Promise<JobPage> {
    const page = await this.jobs.list(auth, query, pageRequest(query));
    return { ...page, data: page.data.map(toJobDto) };
  }

  /**
   * With `Prefer: wait=N` the response waits up to N seconds (at most 60) for a change since the version in `If-None-Match`, by default
   * since the current version.
   */
  @Get(':id')
  @ApiOperation({ operationId: 'jobs_get' })
  @ApiHeader({ name: 'If-None-Match', required: false, example: '"7"' })
  @ApiHeader({ name: 'Prefer', required: false, example: 'wait=30' })
  @ApiOkResponse({
    type: JobDto,
    headers: {
      ETag: { description: 'version of the job', schema: { type: 'string' } },
      'Retry-After': { description: 'present until the job is terminal', schema: { type: 'integer' } },
      'Preference-Applied': { description: 'the wait that the server granted', schema: { type: 'string' } },
    },
  })
  @ApiResponse({ status: 304, description: 'not changed since the version in If-None-Match' })
  async get(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Headers('if-none-match') known: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobDto | undefined> {
    const wait = preferredWait(prefer);
    let job = await this.jobs.get(auth, id);
    const isNews = known !== undefined && !noneMatches(known, etagOf(job));
    if (wait !== undefined) {
      void reply.header('preference-applied', `wait=${wait}`);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      if (!isNews) job = await this.jobs.waitForChange(auth, id, job.version, wait * 1000, gone.signal);
    }
    void reply.header('etag', etagOf(job)).header('cache-control', 'private, no-cache');
    if (!terminal(job.state)) void reply.header('retry-after', '1');
    if (!noneMatches(known, etagOf(job))) return toJobDto(job);
    void reply.status(304);
    return undefined;
  }

  /** How the job ended, whether it succeeded or failed. Before that: 404 `job_not_finished`. */
  @Get(':id/outcome')
  @ApiOperation({ operationId: 'jobs_getOutcome' })
  @ApiOkResponse({ type: JobOutcomeDto })
  async outcome(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<JobOutcomeDto> {
    return toOutcomeDto(await this.jobs.outcome(auth, id));
  }

  /**
   * Server-sent events: each state change with its id, and `progress` snapshots in between. Resumes after `Last-Event-ID`; 204 when no
   * more events will follow.
   */
  @Get(':id/events')
  @ApiOperation({ operationId: 'jobs_streamEvents' })
  @ApiHeader({ name: 'Last-Event-ID', required: false, example: '41' })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'a stream of events', schema: { type: 'string' } })
  @ApiResponse({ status: 204, description: 'the job is terminal and its last event was already delivered' })
  async events(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Headers('last-event-id') lastId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = parseEventId(lastId);
    const job = await this.jobs.get(auth, id);
    if (lastId !== undefined && terminal(job.state) && (await this.jobs.events(id, after)).length === 0) {
      return void reply.status(204).send();
    }
    const stream = Readable.from(jobEventStream(this.jobs, this.signals, auth, id, after, toJobDto));
    void reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(stream);
  }

  /** Oldest first. */
  @Get(':id/logs')
  @ApiOperation({ operationId: 'jobs_listLogs' })
  @ApiOkResponse({ type: JobLogPage })
  async logs(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PageQuery,
  ): Promise<JobLogPage> {
    const page = await this.jobs.logs(auth, id, pageRequest(query, 'serial'));
    return { ...page, data: page.data.map(toLogDto) };
  }

  /** By step. */
  @Get(':id/metrics')
  @ApiOperation({ operationId: 'jobs_listMetrics' })
  @ApiOkResponse({ type: JobMetricPage })
  async metrics(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: ListMetricsQuery,
  ): Promise<JobMetricPage> {
    const page = await this.jobs.metrics(auth, id, metricPage(query));
    return { ...page, data: page.data.map(toMetricDto) };
  }

  /** A queued job is cancelled at once, a running job at its next step boundary. */
  @Post(':id/cancel')
  @HttpCode(202)
  @RequireScopes('jobs:write')
  @ApiOperation({ operationId: 'jobs_cancel' })
  @ApiAcceptedResponse({ type: JobDto })
  async cancel(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobDto> {
    const job = await this.jobs.cancel(auth, id);
    accepted(reply, id);
    return toJobDto(job);
  }

  /** A queued job pauses at once, a running job at its next step boundary. Its worker is then free. */
  @Post(':id/pause')
  @HttpCode(202)
  @RequireScopes('jobs:write')
  @ApiOperation({ operationId: 'jobs_pause' })
  @ApiAcceptedResponse({ type: JobDto })
  async pause(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobDto> {
    const job = await this.jobs.pause(auth, id);
    accepted(reply, id);
    return toJobDto(job);
  }

  /** Queues a paused job again. Training continues from the step it had reached. */
  @Post(':id/resume')
  @HttpCode(202)
  @RequireScopes('jobs:write')
  @ApiOperation({ operationId: 'jobs_resume' })
  @ApiAcceptedResponse({ type: JobDto })
  async resume(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobDto> {
    const job = await this.jobs.resume(auth, id);
    accepted(reply, id);
    return toJobDto(job);
  }

  /** Queues a failed or cancelled job again. */
  @Post(':id/retry')
  @HttpCode(202)
  @RequireScopes('jobs:write')
  @ApiOperation({ operationId: 'jobs_retry' })
  @ApiAcceptedResponse({ type: JobDto })
  async retry(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobDto> {
    const job = await this.jobs.retry(auth, id);
    accepted(reply, id);
    return toJobDto(job);
  }
}
