import request from 'supertest';
import type { TestApp } from '../support/app.js';

export interface GivenVendor {
  id: string;
  key: { Authorization: string };
  /** Ids of its labelers, in the order of the names. */
  labelers: string[];
}

/** A vendor with a key and labelers of its own. */
export async function givenVendor(t: TestApp, name: string, labelerNames: string[]): Promise<GivenVendor> {
  const id = await t.givenVendor(name);
  const key = await t.vendorKey(id, 'labeling:read', 'tasks:work', 'ratings:read', 'ratings:write');
  const labelers: string[] = [];
  for (const externalId of labelerNames) {
    const { body } = await request(t.http).post('/v1/labelers').set(key).send({ externalId }).expect(201);
    labelers.push(body.id as string);
  }
  return { id, key, labelers };
}

/** A task without what tells one from another: two of the same look are alike to a labeler, but for what they show. */
export function lookOf(task: object): string {
  return JSON.stringify(task, (key, value: unknown) => (typeof value === 'string' && key !== 'mode' && key !== 'state' ? '' : value));
}
