// Rules of class-validator that the Swagger plugin leaves out, or gets wrong: it takes @IsPositive for "at least 1".
import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import type { Schema } from './routes.js';

interface Rule {
  propertyName: string;
  name?: string;
  each: boolean;
  constraints?: unknown[];
}

/** Classes with rules, by name. */
export function validatedClasses(): Map<string, Type> {
  const { validationMetadatas } = getMetadataStorage() as unknown as { validationMetadatas: Map<Type, unknown> };
  return new Map([...validationMetadatas.keys()].map((type) => [type.name, type]));
}

/** @param schemaOf the schema of a property, where the document has one */
export function applyRules(type: Type, schemaOf: (property: string) => Schema | undefined): void {
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false) as unknown as Rule[]) {
    const property = schemaOf(rule.propertyName);
    const target = property && rule.each ? (property.items as Schema | undefined) : property;
    if (target && !('$ref' in target)) apply(rule, target);
  }
}

function apply({ name, constraints }: Rule, schema: Schema): void {
  const types = [schema.type].flat();
  if (name === 'isInt') {
    schema.type = Array.isArray(schema.type) ? schema.type.map((each) => (each === 'number' ? 'integer' : (each as string))) : 'integer';
  } else if (name === 'isPositive' && !types.includes('integer')) {
    delete schema.minimum;
    schema.exclusiveMinimum = 0;
  } else if (name === 'isUuid') {
    schema.format = 'uuid';
  } else if (name === 'isHash') {
    schema.pattern ??= '^[0-9a-fA-F]{64}$';
  } else if (name === 'matches') {
    schema.pattern ??= (constraints![0] as RegExp).source;
  }
}
