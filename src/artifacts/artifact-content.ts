import { StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import contentDisposition from 'content-disposition';
import parseRange from 'range-parser';
import { noneMatches } from '#src/common/entity-tag.js';
import { ProblemException } from '#src/common/problem.js';
import type { ByteRange } from './artifact-store.js';
import type { Artifact } from './artifact.entity.js';
import type { ArtifactsService } from './artifacts.service.js';

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
  if (noneMatches(headers['if-none-match'], etag)) {
    void reply.status(304);
    return undefined;
  }
  const current = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = current ? requestedRange(artifact, headers.range) : undefined;
  const content = await artifacts.open(artifact, range);
  if (range) {
    void reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${artifact.bytes}`);
  }
  return new StreamableFile(content, {
    type: artifact.mediaType,
    // ASCII for old readers, the name itself beside it (RFC 6266).
    disposition: contentDisposition(artifact.fileName, { fallback: artifact.fileName.replace(/[^\x20-\x7e]/g, '_') }),
    length: range ? range.end - range.start + 1 : artifact.bytes,
  });
}

/** The one range of bytes asked for; undefined for all of it, which also answers several ranges and headers that cannot be read. */
function requestedRange(artifact: Artifact, header: string | undefined): ByteRange | undefined {
  const ranges = header === undefined ? -2 : parseRange(artifact.bytes, header);
  if (ranges === -1) throw unsatisfiable(artifact);
  return ranges !== -2 && ranges.type.toLowerCase() === 'bytes' && ranges.length === 1 ? ranges[0] : undefined;
}

function unsatisfiable(artifact: Artifact): ProblemException {
  return new ProblemException({
    status: 416,
    code: 'range_not_satisfiable',
    title: 'The range is not satisfiable',
    detail: `the content has ${artifact.bytes} bytes`,
    headers: { 'content-range': `bytes */${artifact.bytes}` },
  });
}
