/**
 * What a plan costs a record, as callgrind counts it: instructions, loads, stores, branches, misses of a simulated first cache.
 *
 *   (counts of 2N records − counts of N records) / N
 *
 * so that the start, the first touch of memory and the end cancel. On one thread, in fixed turns, equal programs give equal
 * counts to the instruction, so a rise far below what a clock could show is seen. Pure.
 */

/** Of one run: totals, and what each function spent itself, by the names of `events`. */
export interface Profile {
  readonly events: readonly string[];
  readonly totals: readonly number[];
  readonly functions: ReadonlyMap<string, readonly number[]>;
}

export class ProfileError extends Error {
  override readonly name = 'ProfileError';
}

/**
 * Reads what callgrind wrote (its format, version 1).
 * @throws ProfileError where it counted nothing: a toggle that named no function, or a program that ended before.
 */
export function parseCallgrind(text: string): Profile {
  let events: readonly string[] = [];
  let totals: readonly number[] = [];
  const names = new Map<string, string>();
  const functions = new Map<string, number[]>();
  let self: number[] | undefined;
  let skips = false;
  for (const line of text.split('\n')) {
    // The cost of a call, which is the callee's own.
    if (skips) {
      skips = false;
      continue;
    }
    if (/^[+*\-\d]/.test(line)) {
      if (self !== undefined) addCosts(self, line);
      continue;
    }
    const [, key = '', value = ''] = /^([a-z]+)[:=] ?(.*)$/.exec(line) ?? [];
    if (key === 'events') events = value.trim().split(/\s+/);
    else if (key === 'totals') totals = value.trim().split(/\s+/).map(Number);
    else if (key === 'cfn') nameOf(value, names);
    else if (key === 'calls') skips = true;
    else if (key === 'fn') {
      const name = nameOf(value, names);
      self = functions.get(name) ?? new Array<number>(events.length).fill(0);
      functions.set(name, self);
    }
  }
  if (events.length === 0 || !(Number(totals[0]) > 0))
    throw new ProfileError('callgrind counted no instruction; the program must reach the part that is counted');
  return { events, totals, functions };
}

/** `(12) name` at its first place, `(12)` from then on; a recursion's depth behind a quote is the same function. */
function nameOf(value: string, names: Map<string, string>): string {
  const [, id = '', given = ''] = /^(\(\d+\))\s*(.*)$/.exec(value) ?? ['', value, value];
  if (given !== '') names.set(id, given.replace(/'\d+$/, ''));
  return names.get(id) ?? id;
}

/** A line of costs: its place in the source, then a number for each event, of which trailing zeros are left out. */
function addCosts(self: number[], line: string): void {
  const [, ...costs] = line.split(' ');
  for (const [index, cost] of costs.entries()) self[index] = (self[index] as number) + Number(cost);
}

/** Events a record. */
export type Counts = Readonly<Record<string, number>>;

export interface Counted {
  readonly counts: Counts;
  /** Instructions a record of each function itself. */
  readonly functions: ReadonlyMap<string, number>;
}

/**
 * @param small of `records` records
 * @param large of twice as many
 */
export function countsOf(small: Profile, large: Profile, records: number): Counted {
  const slope = (a: number | undefined, b: number | undefined) => ((b ?? 0) - (a ?? 0)) / records;
  const counts = Object.fromEntries(
    large.events.map((event, index) => [event, slope(small.totals[index], large.totals[index])]),
  );
  const names = new Set([...small.functions.keys(), ...large.functions.keys()]);
  const functions = new Map(
    [...names].map((name) => [name, slope(small.functions.get(name)?.[0], large.functions.get(name)?.[0])]),
  );
  return { counts, functions };
}

/** What a rise of a record's counts has to stay below. Absolute: a share of the whole would hide an extra store. */
export const LIMITS = [
  { what: 'instructions', of: ['Ir'], limit: 0.5 },
  { what: 'stores', of: ['Dw'], limit: 0.25 },
  { what: 'branches', of: ['Bc'], limit: 0.25 },
  { what: 'D1 misses', of: ['D1mr', 'D1mw'], limit: 0.1 },
] as const;

export interface Rise {
  readonly what: (typeof LIMITS)[number]['what'];
  readonly before: number;
  readonly after: number;
}

/**
 * What has risen by more than its limit, a record; empty: nothing.
 * @param share of what it was before, which may be added to each limit: 0 for what repeats to the instruction
 */
export function risesOf(before: Counts, after: Counts, share = 0): Rise[] {
  const sum = (counts: Counts, events: readonly string[]) =>
    events.reduce((total, event) => total + (counts[event] ?? Number.NaN), 0);
  return LIMITS.map(({ what, of, limit }) => ({ what, limit, before: sum(before, of), after: sum(after, of) }))
    .filter((row) => !(row.after - row.before <= row.limit + share * row.before))
    .map(({ what, before: was, after: is }) => ({ what, before: was, after: is }));
}

/** Functions that spend more instructions a record than before, most first, with the difference. */
export function grownFunctions(before: Counted, after: Counted, most = 5): [name: string, more: number][] {
  return [...after.functions]
    .map(([name, now]): [string, number] => [name, now - (before.functions.get(name) ?? 0)])
    .filter(([, more]) => more > 0.05)
    .sort((a, b) => b[1] - a[1])
    .slice(0, most);
}
