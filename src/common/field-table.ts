/** What a value does not share with a table of fields: those that are missing or of another kind, and those that the table does not have. */
export function misfits<K extends string>(
  value: unknown,
  fields: Readonly<Record<string, K>>,
  fits: Readonly<Record<K, (value: unknown) => boolean>>,
): { wrong: [name: string, kind: K][]; unknown: string[] } {
  const given = value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : {};
  return {
    wrong: Object.entries(fields).filter(([name, kind]) => !fits[kind](given[name])),
    unknown: Object.keys(given).filter((name) => !Object.hasOwn(fields, name)),
  };
}
