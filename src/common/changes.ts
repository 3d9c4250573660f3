import { ValidateIf } from 'class-validator';

const key = Symbol('changes');

/** For the DTO of a PATCH: a body that changes nothing is a mistake. */
export const Changes = (): ClassDecorator => (type) => Reflect.defineMetadata(key, true, type);

export const hasChanges = (type: object): boolean => Reflect.getMetadata(key, type) === true;

/** May be left out, but is not null. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
