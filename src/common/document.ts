// Decorators that describe NDJSON lines and bodies of several shapes in the OpenAPI document.
import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiOkResponse, ApiProduces, ApiSchema, getSchemaPath } from '@nestjs/swagger';

const ndjson = 'application/x-ndjson';

/** The body is NDJSON: each line is one `line`. */
export function NdjsonBody(line: Type) {
  return applyDecorators(ApiConsumes(ndjson), ApiExtraModels(line), ApiBody({ required: true, schema: linesOf(line) }));
}

/** The answer is NDJSON: each line is one `line`. */
export function NdjsonAnswer(line: Type) {
  return applyDecorators(ApiProduces(ndjson), ApiExtraModels(line), ApiOkResponse({ content: { [ndjson]: { schema: linesOf(line) } } }));
}

/** Text for generators of today; what a line is stands in JSON Schema's words, and in an extension for those who read it. */
function linesOf(line: Type) {
  const item = { $ref: getSchemaPath(line) };
  return { type: 'string', contentMediaType: ndjson, contentSchema: { type: 'array', items: item }, 'x-ndjson-item': item } as object;
}

/** In the OpenAPI document, the class is one of `variants`, discriminated by `field`. */
export function ApiOneOf(field: string, variants: Readonly<Record<string, Type>>) {
  const entries = Object.entries(variants).map(([value, type]) => [value, getSchemaPath(type)] as const);
  const schema = {
    oneOf: entries.map(([, $ref]) => ({ $ref })),
    discriminator: { propertyName: field, mapping: Object.fromEntries(entries) },
  };
  return applyDecorators(ApiExtraModels(...Object.values(variants)), ApiSchema(schema as object));
}
