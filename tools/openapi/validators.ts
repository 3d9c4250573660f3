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

/**
 * Classes with rules, by name, and those of their properties, which may have no rules but inherited ones. Two that are
 * registered under one name would take each other's rules: a test refuses them.
 */
export function validatedClasses(): Map<string, Type> {
  const { validationMetadatas } = getMetadataStorage() as unknown as { validationMetadatas: Map<Type, unknown> };
  const found = new Map<string, Type>();
  const follow = (type: Type) => {
    if (found.get(type.name) === type) return;
    found.set(type.name, type);
    const names = (Reflect.getMetadata('swagger/apiModelPropertiesArray', type.prototype as object) ?? []) as string[];
    for (const name of names) {
      const property = Reflect.getMetadata('swagger/apiModelProperties', type.prototype as object, name.slice(1)) as { type?: unknown };
      const ofProperty = classOf(property.type);
      if (ofProperty) follow(ofProperty);
    }
  };
  for (const type of validationMetadatas.keys()) follow(type);
  return found;
}

/** `X`, `[X]`, `() => X` and `() => [X]` all mean a class. */
function classOf(type: unknown): Type | undefined {
  if (Array.isArray(type)) return classOf(type[0]);
  if (typeof type !== 'function') return undefined;
  if (type.name === '' || type.name === 'type') return classOf((type as () => unknown)());
  return /^class\b/.test(Function.prototype.toString.call(type)) ? (type as Type) : undefined;
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
    const { source, flags } = constraints![0] as RegExp;
    // Patterns of JSON Schema have no flags, and Python knows no classes of Unicode.
    if (!flags.includes('i')) schema.pattern = source.replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f');
  }
}
