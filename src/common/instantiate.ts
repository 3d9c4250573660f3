// Makes an instance of a DTO class out of a plain value, by what @Type and @Transform say of its fields. Only declared fields
// are looked into: class-transformer's own function walks through everything, also through objects that belong to users,
// where a field named `constructor` is taken for the class of the object.
import type { ClassConstructor, TransformMetadata, TypeMetadata } from 'class-transformer';
// @ts-expect-error The package keeps the types of this file elsewhere.
import { defaultMetadataStorage as untyped } from 'class-transformer/cjs/storage.js';
import type { defaultMetadataStorage } from 'class-transformer/types/storage.js';
import { getMetadataStorage, IS_OPTIONAL } from 'class-validator';
import { pointerStep } from './json.js';
import { nullableRule } from './presence.js';
import { shorten, type ProblemDetail } from './problem.js';

const metadata = untyped as typeof defaultMetadataStorage;

type Plain = Record<string, unknown>;
type AnyClass = ClassConstructor<object>;

/** @returns the instance without the fields that its class does not have, and these as mistakes */
export function instantiate<T extends object>(type: ClassConstructor<T>, plain: object): { instance: T; unknown: ProblemDetail[] } {
  const unknown: ProblemDetail[] = [];
  return { instance: build(type, plain as Plain, '', unknown) as T, unknown };
}

function build(type: AnyClass, plain: Plain, pointer: string, unknown: ProblemDetail[]): object {
  const instance = new type() as Plain;
  const fields = fieldsOf(type);
  for (const key of Object.keys(plain)) {
    const field = fields.get(key);
    if (field?.optional && plain[key] === null) continue;
    if (field) instance[key] = fieldValue(field, key, plain, pointer, unknown);
    else unknown.push({ pointer: `${pointer}/${pointerStep(key)}`, rule: 'whitelistValidation', message: `property ${shorten(key)} should not exist`, value: shorten(plain[key]) });
  }
  return instance;
}

function fieldValue({ typeOf, transforms }: Field, key: string, plain: Plain, parent: string, unknown: ProblemDetail[]): unknown {
  let value = plain[key];
  if (typeOf) {
    const pointer = `${parent}/${pointerStep(key)}`;
    value = Array.isArray(value)
      ? value.map((item, i) => typedValue(typeOf, item, plain, `${pointer}/${i}`, unknown))
      : typedValue(typeOf, value, plain, pointer, unknown);
  }
  for (const { transformFn, options } of transforms) value = transformFn({ value, key, obj: plain, type: 0, options });
  return value;
}

function typedValue({ typeFunction, options, propertyName }: TypeMetadata, value: unknown, plain: Plain, pointer: string, unknown: ProblemDetail[]): unknown {
  const type = typeFunction({ newObject: {}, object: plain, property: propertyName }) as AnyClass | NumberConstructor;
  if (type === Number) return numberOf(value);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const { discriminator } = options;
  const name = discriminator && (value as Plain)[discriminator.property];
  const subType = discriminator?.subTypes.find((known) => known.name === name)?.value;
  return build((subType as AnyClass | undefined) ?? (type as AnyClass), value as Plain, pointer, unknown);
}

/** Numbers come as text in queries; what is none stays as it is, for the message. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

interface Field {
  /** Null counts as left out. */
  optional: boolean;
  typeOf: TypeMetadata | undefined;
  transforms: TransformMetadata[];
}

const known = new WeakMap<AnyClass, Map<string, Field>>();

/** Fields that have a rule; all others are unknown. */
function fieldsOf(type: AnyClass): Map<string, Field> {
  let fields = known.get(type);
  if (!fields) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
    const named = (name: string) => new Set(rules.filter((rule) => rule.name === name).map((rule) => rule.propertyName));
    const [optional, nullable] = [named(IS_OPTIONAL), named(nullableRule)];
    const field = (name: string): Field => ({
      optional: optional.has(name) && !nullable.has(name),
      typeOf: metadata.findTypeMetadata(type, name),
      transforms: metadata.findTransformMetadatas(type, name, 0),
    });
    fields = new Map(rules.map(({ propertyName }) => [propertyName, field(propertyName)]));
    known.set(type, fields);
  }
  return fields;
}
