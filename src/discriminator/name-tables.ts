/** Tables from the names of another framework's layers to ours. */

/** A layer of ours, and of which kind it is: what its weights are called there. */
export interface NamedLayer<Kind extends string> {
  readonly layer: string;
  readonly kind: Kind;
}

/** A layer by its name and kind. */
export function layer<const Kind extends string>(name: string, kind: Kind): NamedLayer<Kind> {
  return { layer: name, kind };
}

/** The entry of a table under a key of its own; undefined for any other. */
export function entry<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
