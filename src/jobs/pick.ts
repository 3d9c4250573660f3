/** The existing entries with these names; all if no names are given. */
export function pick<T>(values: Readonly<Record<string, T>>, names?: readonly string[]): Record<string, T> {
  if (!names) return { ...values };
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(values, name) ? [[name, values[name]]] : [])));
}
