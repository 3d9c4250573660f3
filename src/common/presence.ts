// Meaning of null in a body: null in an optional field counts as omitted, unless the field declares otherwise.
import { ValidateBy, ValidateIf } from 'class-validator';

const key = Symbol('changes');

/** For the DTO of a PATCH: a body without any field to change is refused. */
export const Changes = (): ClassDecorator => (type) => Reflect.defineMetadata(key, true, type);

export const hasChanges = (type: object): boolean => Reflect.getMetadata(key, type) === true;

/** May be left out, but is not null. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

export const nullableRule = 'nullable';

/** Null is a value of its own, beside being left out. A rule, so that classes made of parts of others keep it. */
export const Nullable = (): PropertyDecorator => ValidateBy({ name: nullableRule, validator: { validate: () => true } });
