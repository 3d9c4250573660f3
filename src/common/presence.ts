// What null and nothing mean in a body: a field that may be left out and is null counts as left out, unless it says otherwise.
import { ValidateBy, ValidateIf } from 'class-validator';

const key = Symbol('changes');

/** For the DTO of a PATCH: a body that changes nothing is a mistake. */
export const Changes = (): ClassDecorator => (type) => Reflect.defineMetadata(key, true, type);

export const hasChanges = (type: object): boolean => Reflect.getMetadata(key, type) === true;

/** May be left out, but is not null. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

export const nullableRule = 'nullable';

/** Null is a value of its own, beside being left out. A rule, so that classes made of parts of others keep it. */
export const Nullable = (): PropertyDecorator => ValidateBy({ name: nullableRule, validator: { validate: () => true } });
