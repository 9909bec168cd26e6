/**
 * Numbers the groups of items that keys link: items with a key in common are of one group, and so are those that others join, by any
 * chain.
 *
 * @param keys of each item, at least one
 * @returns the group of each item; equal numbers, and no other, are one group
 */
export function linked(keys: readonly (readonly string[])[]): readonly number[] {
  const parents: number[] = keys.map((_, item) => item);
  const rootOf = (item: number): number => {
    let root = item;
    while (parents[root] !== root) root = parents[root]!;
    // the next look-up on this path is short
    for (let at = item; at !== root;) [parents[at], at] = [root, parents[at]!];
    return root;
  };
  const holders = new Map<string, number>();
  keys.forEach((own, item) => {
    for (const key of own) {
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, item);
      else parents[rootOf(item)] = rootOf(holder);
    }
  });
  return keys.map((_, item) => rootOf(item));
}

/** A name for each item's group: the first, in order of code units, of what its members are called. */
export function groupNames(
  groups: readonly number[],
  callings: readonly (readonly string[])[],
): readonly string[] {
  const names = new Map<number, string>();
  groups.forEach((group, item) => {
    for (const name of callings[item]!) {
      const first = names.get(group);
      if (first === undefined || name < first) names.set(group, name);
    }
  });
  return groups.map((group) => names.get(group) as string);
}
