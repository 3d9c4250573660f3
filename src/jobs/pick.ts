/** The entries of these names that are there; all when none is named. */
export function pick<T>(values: Readonly<Record<string, T>>, names?: readonly string[]): Record<string, T> {
  if (!names) return { ...values };
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(values, name) ? [[name, values[name]]] : [])));
}
