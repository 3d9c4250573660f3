import { StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemException } from '#src/common/problem.js';
import type { Artifact } from './artifact.entity.js';
import type { ArtifactsService } from './artifacts.service.js';
import { namesTag, parseRange } from './byte-range.js';
import { attachment } from './content-disposition.js';

/** Answers a download: whole, in part (206), or not at all when the client has it (304). */
export async function sendContent(
  artifacts: ArtifactsService,
  artifact: Artifact,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<StreamableFile | undefined> {
  const etag = `"${artifact.sha256}"`;
  const { headers } = request;
  // Content under an id never changes, so a client may keep it for good.
  void reply.header('etag', etag).header('accept-ranges', 'bytes').header('cache-control', 'private, max-age=31536000, immutable');
  if (namesTag(headers['if-none-match'], etag)) {
    void reply.status(304);
    return undefined;
  }
  const current = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = current ? parseRange(headers.range, artifact.bytes) : undefined;
  if (range === 'unsatisfiable') throw unsatisfiable(artifact);
  const content = await artifacts.open(artifact, range);
  if (range) {
    void reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${artifact.bytes}`);
  }
  return new StreamableFile(content, {
    type: artifact.mediaType,
    disposition: attachment(artifact.fileName),
    length: range ? range.end - range.start + 1 : artifact.bytes,
  });
}

function unsatisfiable(artifact: Artifact): ProblemException {
  return new ProblemException({
    status: 416,
    code: 'range_not_satisfiable',
    title: 'The range lies outside the content',
    detail: `the content has ${artifact.bytes} bytes`,
    headers: { 'content-range': `bytes */${artifact.bytes}` },
  });
}
