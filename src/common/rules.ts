// Whether an instance passes the rules of its class. class-validator collects and groups its metadata anew for every value, which
// takes longer than writing a row of a bulk request; here the rules of a class are looked up once. Messages are class-validator's:
// what does not pass is shown to it (validation.ts).
import type { ClassConstructor } from 'class-transformer';
import { getMetadataStorage, IS_OPTIONAL, ValidationTypes, type ValidationArguments, type ValidatorConstraintInterface } from 'class-validator';

type Condition = (object: object, value: unknown) => boolean;

interface Rule {
  instance: ValidatorConstraintInterface;
  constraints: unknown[];
  each: boolean;
  appliesIf: Condition | undefined;
}

interface FieldRules {
  name: string;
  targetName: string;
  optional: boolean;
  conditions: Condition[];
  rules: Rule[];
}

const known = new WeakMap<ClassConstructor<object>, FieldRules[] | null>();

/** True only if class-validator finds no mistake either; false also where it has to look itself, as at objects within objects. */
export function passes(type: ClassConstructor<object>, instance: object): boolean {
  let fields = known.get(type);
  if (fields === undefined) known.set(type, (fields = fieldsOf(type)));
  if (fields === null) return false;
  for (const field of fields) if (!fieldPasses(field, instance)) return false;
  return true;
}

function fieldPasses({ name, optional, conditions, rules, targetName }: FieldRules, object: object): boolean {
  const value = (object as Record<string, unknown>)[name];
  if (optional && (value === undefined || value === null)) return true;
  for (const condition of conditions) if (!condition(object, value)) return true;
  const args: ValidationArguments = { targetName, property: name, object, value, constraints: [] };
  for (const { instance, constraints, each, appliesIf } of rules) {
    if (appliesIf && !appliesIf(object, value)) continue;
    args.constraints = constraints;
    const passed = each && Array.isArray(value) ? value.every((item) => Boolean(instance.validate(item, args))) : instance.validate(value, args);
    if (!passed) return false;
  }
  return true;
}

function fieldsOf(type: ClassConstructor<object>): FieldRules[] | null {
  const storage = getMetadataStorage();
  const fields = new Map<string, FieldRules>();
  for (const rule of storage.getTargetValidationMetadatas(type, '', false, false)) {
    const field = fields.get(rule.propertyName) ?? { name: rule.propertyName, targetName: type.name, optional: false, conditions: [], rules: [] };
    fields.set(rule.propertyName, field);
    if (rule.name === IS_OPTIONAL) field.optional = true;
    else if (rule.type === ValidationTypes.CONDITIONAL_VALIDATION) field.conditions.push((rule.constraints as Condition[])[0]);
    else if (rule.type !== ValidationTypes.CUSTOM_VALIDATION && rule.type !== ValidationTypes.IS_DEFINED) return null;
    else {
      for (const { instance, async } of storage.getTargetValidatorConstraints(rule.constraintCls)) {
        if (async) return null;
        field.rules.push({ instance, constraints: rule.constraints as unknown[], each: rule.each, appliesIf: rule.validateIf as Condition | undefined });
      }
    }
  }
  return fields.size > 0 ? [...fields.values()] : null;
}
