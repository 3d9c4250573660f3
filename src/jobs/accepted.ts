import type { FastifyReply } from 'fastify';

/**
 * The answer to every request that starts a job: 202, where to watch it, and when to look first. The body
 * is the resource that will be filled, with its `jobId`.
 */
export function accepted(reply: FastifyReply, jobId: string): void {
  reply.status(202).header('location', `/v1/jobs/${jobId}`).header('retry-after', '1');
}
