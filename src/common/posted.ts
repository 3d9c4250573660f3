import type { FastifyReply } from 'fastify';

/** The result of a POST: a new resource, or the one that the same POST created before under its `externalId`. */
export interface Posted<T> {
  resource: T;
  repeated: boolean;
}

export const created = <T>(resource: T): Posted<T> => ({ resource, repeated: false });
export const repeated = <T>(resource: T): Posted<T> => ({ resource, repeated: true });

/** 201 with a new resource, 200 with the one that was there. */
export function answerPosted<T>(reply: FastifyReply, { resource, repeated: again }: Posted<T>): T {
  if (again) reply.status(200);
  return resource;
}

/** For the OpenAPI document. */
export const repeatedResponse = { description: 'Already posted with this `externalId`: the existing resource is returned' } as const;
