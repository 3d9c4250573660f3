// The `webhooks` of the OpenAPI document (3.1) and the schemas of their bodies, from the table of events itself.
import { eventDefinitions, eventTypes, type EventType } from '#src/events/event-types.js';

interface Schema {
  [key: string]: unknown;
}

const exampleId = '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00';
const uuid = { type: 'string', format: 'uuid' };
const fields = {
  id: { schema: uuid, example: exampleId },
  'id?': { schema: { type: ['string', 'null'], format: 'uuid' }, example: exampleId },
  name: { schema: { type: 'string' }, example: 'production' },
  'name?': { schema: { type: ['string', 'null'] }, example: 'pair_set' },
  count: { schema: { type: 'integer', minimum: 0 }, example: 3 },
} as const;

/** `labeling_batch.created` -> `LabelingBatchCreatedEvent` */
export function eventSchemaName(type: EventType): string {
  return `${type.split(/[._]/).map((word) => word[0].toUpperCase() + word.slice(1)).join('')}Event`;
}

export function eventSchemas(): Record<string, Schema> {
  return Object.fromEntries(eventTypes.map((type) => [eventSchemaName(type), eventSchema(type)]));
}

function eventSchema(type: EventType): Schema {
  const data = Object.entries<keyof typeof fields>(eventDefinitions[type].fields);
  return {
    type: 'object',
    description: eventDefinitions[type].summary,
    required: ['type', 'timestamp', 'data'],
    properties: {
      type: { type: 'string', const: type },
      timestamp: { type: 'string', format: 'date-time', description: 'time of the event' },
      data: {
        type: 'object',
        required: data.map(([name]) => name),
        properties: Object.fromEntries(data.map(([name, kind]) => [name, fields[kind].schema])),
      },
    },
    example: {
      type,
      timestamp: '2026-11-25T12:00:00.000Z',
      data: Object.fromEntries(data.map(([name, kind]) => [name, fields[kind].example])),
    },
  };
}

export function webhooks(): Record<string, object> {
  return Object.fromEntries(eventTypes.map((type) => [type, { post: operation(type) }]));
}

function operation(type: EventType): object {
  return {
    operationId: `webhook_${type.replace('.', '_')}`,
    summary: eventDefinitions[type].summary,
    description: 'Signed according to Standard Webhooks. Sent at least once, in no guaranteed order: recognise repeats by `webhook-id`.',
    tags: ['webhooks'],
    security: [],
    parameters: [
      header('webhook-id', 'Id of the delivery; the same in every attempt', 'msg_019a8a5e3f4b7c1d9e2a5b6c7d8e9f00'),
      header('webhook-timestamp', 'Time of this attempt, in seconds since 1970', '1795608000'),
      header('webhook-signature', 'One `v1,` signature per valid secret, separated by spaces', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='),
    ],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${eventSchemaName(type)}` } } },
    },
    responses: {
      '2XX': { description: 'Received. Any other status, including redirects, is retried' },
      '410': { description: 'The receiver wants no more deliveries: the endpoint is disabled' },
    },
  };
}

function header(name: string, description: string, example: string): object {
  return { name, in: 'header', required: true, description, schema: { type: 'string' }, example };
}
