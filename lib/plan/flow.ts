/**
 * The way of records through a graph, from the ends of its connections alone: the order of flow, what must keep the order
 * of the ingress, and how much of an ordinal the copies of one record use up on the way. Validation asks it of a document,
 * lowering of a checked plan, and both get the same answer. Pure; any thread.
 */
import type { Connection } from './document.js';

/** The two ends of a connection. */
export type Ends = Pick<Connection, 'from' | 'to'>;

/**
 * The ends of the connections in topological order; of those that could come next, the one that the connections name
 * first. An end that stands on a cycle is left out, which only an unchecked plan can have.
 */
export function flowOrder(connections: readonly Ends[]): readonly string[] {
  const names = [...new Set(connections.flatMap(({ from, to }) => [from, to]))];
  const rank = new Map(names.map((id, index) => [id, index]));
  const targets = grouped(connections, ({ from }) => from);
  const waiting = new Map(names.map((id) => [id, 0]));
  for (const { to } of connections) waiting.set(to, (waiting.get(to) ?? 0) + 1);
  const ready = names.filter((id) => waiting.get(id) === 0).map((id) => rank.get(id) as number);
  const order: string[] = [];
  while (ready.length > 0) {
    const next = names[ready.splice(ready.indexOf(Math.min(...ready)), 1)[0] as number] as string;
    order.push(next);
    for (const { to } of targets.get(next) ?? []) {
      const left = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, left);
      if (left === 0) ready.push(rank.get(to) as number);
    }
  }
  return order;
}

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** The ends whose records must be in the order of the ingress: the Ordered egresses, and all before them. */
export function orderedOwners(connections: readonly Ends[], egresses: readonly string[]): ReadonlySet<string> {
  const before = grouped(connections, ({ to }) => to);
  const ordered = new Set(egresses);
  for (const id of ordered) for (const { from } of before.get(id) ?? []) ordered.add(from);
  return ordered;
}

/** Bits that tell `copies` apart, of a merge of so many inlets for one: native/lane/ordinal.hpp, `merge_bits`. */
export function copyBits(copies: number): number {
  return copies < 2 ? 0 : 32 - Math.clz32(copies - 1);
}

/** How much of an ordinal has been used up behind an end, and where. */
export interface OrdinalUse {
  readonly bits: number;
  /** Of these bits, those that the end itself takes: its merge, and what it emits. */
  readonly own: number;
  /** The end before it on the way that uses most; undefined at an ingress. */
  readonly before: string | undefined;
}

/**
 * For each end in `ordered`: the bits of an ordinal that the merges up to it use, its own included. The most of them is
 * what the graph reserves. An end on a cycle is left out.
 * @param emitsOf how many records an end emits at most for one
 */
export function ordinalUses(
  connections: readonly Ends[],
  ordered: ReadonlySet<string>,
  emitsOf: (id: string) => number = () => 1,
): ReadonlyMap<string, OrdinalUse> {
  const into = grouped(connections, ({ to }) => to);
  const uses = new Map<string, OrdinalUse>();
  for (const id of flowOrder(connections)) {
    if (!ordered.has(id)) continue;
    const inlets = into.get(id) ?? [];
    let most = 0;
    let before: string | undefined;
    for (const { from } of inlets) {
      const bits = uses.get(from)?.bits ?? 0;
      if (before !== undefined && bits <= most) continue;
      most = bits;
      before = from;
    }
    const own = copyBits(inlets.length) + copyBits(emitsOf(id));
    uses.set(id, { bits: most + own, own, before });
  }
  return uses;
}
