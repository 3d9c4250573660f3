// What a document of the API has to say about lines and about bodies of several shapes, as decorators for controllers and DTOs.
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

/** Text for generators of today; the extension names the schema of a line. */
function linesOf(line: Type) {
  return { type: 'string', 'x-ndjson-item': { $ref: getSchemaPath(line) } } as const;
}

/** In the document, the class is one of `variants`, told apart by the value of `field`. */
export function ApiOneOf(field: string, variants: Readonly<Record<string, Type>>) {
  const entries = Object.entries(variants).map(([value, type]) => [value, getSchemaPath(type)] as const);
  const schema = {
    oneOf: entries.map(([, $ref]) => ({ $ref })),
    discriminator: { propertyName: field, mapping: Object.fromEntries(entries) },
  };
  return applyDecorators(ApiExtraModels(...Object.values(variants)), ApiSchema(schema as object));
}
