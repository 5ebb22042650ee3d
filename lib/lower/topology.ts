/**
 * What follows from the dependency lists of a ring alone: who is before whom, who is last, whose marks are read.
 * Pure functions over indices, used by lowering to build a spec and by decoding to check one.
 */

const ascending = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);

/**
 * All entries before each entry on some path, ascending. Every dependency must have a smaller index than its entry,
 * which topological order guarantees.
 */
export function ancestorsOf(dependencies: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const sets: Set<number>[] = [];
  for (const own of dependencies) {
    const set = new Set<number>(own);
    for (const dependency of own) for (const ancestor of sets[dependency] ?? []) set.add(ancestor);
    sets.push(set);
  }
  return sets.map(ascending);
}

/** Entries that nothing depends on, ascending. A ring with at least one entry has at least one. */
export function terminalsOf(dependencies: readonly (readonly number[])[]): readonly number[] {
  const depended = new Set(dependencies.flat());
  return dependencies.map((_, entry) => entry).filter((entry) => !depended.has(entry));
}

/**
 * Of the `upstream` entries that mark records, those with no other marking one between them and the reader. A mark also
 * carries what was marked before it, so reading farther marks would only cost loads.
 */
export function nearestMarking(
  upstream: readonly number[],
  marks: readonly boolean[],
  ancestors: readonly (readonly number[])[],
): readonly number[] {
  const marking = upstream.filter((entry) => marks[entry] === true);
  const covered = new Set(marking.flatMap((entry) => ancestors[entry] ?? []));
  return marking.filter((entry) => !covered.has(entry));
}
