import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { mergeMap, type Observable } from 'rxjs';
import { JobsService } from './jobs.service.js';

/** Adds a missing worker to the response that starts a job, so that clients see it without polling. */
@Injectable()
export class WaitingForInterceptor implements NestInterceptor {
  constructor(private readonly jobs: JobsService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      mergeMap(async (body: unknown) => {
        const location = reply.statusCode === 202 ? String(reply.getHeader('location') ?? '') : '';
        const jobId = /^\/v1\/jobs\/([0-9a-f-]{36})$/.exec(location)?.[1];
        if (jobId === undefined) return body;
        const { waitingFor } = await this.jobs.get({ vendorId: null }, jobId);
        if (waitingFor) void reply.header('plumbline-waiting-for', waitingFor);
        return body;
      }),
    );
  }
}
