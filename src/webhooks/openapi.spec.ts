import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventDefinitions, eventTypes } from '#src/events/event-types.js';
import { eventSchemaName } from './openapi.js';

interface Document {
  webhooks: Record<string, { post: { requestBody: { content: Record<string, { schema: { $ref: string } }> } } }>;
  components: { schemas: Record<string, { properties: { type: { const: string }; data: { required: string[]; properties: object } }; example: unknown }> };
}
const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;

test('the committed document has a webhook for every event, with the fields that are sent', () => {
  expect(Object.keys(document.webhooks)).toEqual(eventTypes);
  for (const type of eventTypes) {
    const { $ref } = document.webhooks[type].post.requestBody.content['application/json'].schema;
    const schema = document.components.schemas[$ref.split('/').at(-1)!];
    expect(schema.properties.type.const).toBe(type);
    expect(schema.properties.data.required).toEqual(Object.keys(eventDefinitions[type].fields));
    expect(Object.keys(schema.properties.data.properties)).toEqual(schema.properties.data.required);
  }
});

test('names of schemas are unique', () => {
  expect(new Set(eventTypes.map(eventSchemaName)).size).toBe(eventTypes.length);
  expect(eventSchemaName('labeling_batch.created')).toBe('LabelingBatchCreatedEvent');
});
