// What configurations need of plain objects and the language does not have. Owns nothing of the configuration.

/** The same names with other values; names like `__proto__` included. */
export function mapValues<From, To>(
  from: Readonly<Record<string, From>>, convert: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, convert(value)]));
}
