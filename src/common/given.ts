/** What is not null or undefined, with the names that hold it: for answers to which null says as much as silence. */
export function given<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** Those of a list, each once. */
export const distinct = <T>(values: readonly (T | null | undefined)[]): T[] => [...new Set(values.filter((value) => value !== undefined && value !== null))];

/** The existing entries with these names; all if no names are given. */
export function pick<T>(values: Readonly<Record<string, T>>, names?: readonly string[]): Record<string, T> {
  if (!names) return { ...values };
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(values, name) ? [[name, values[name]]] : [])));
}
