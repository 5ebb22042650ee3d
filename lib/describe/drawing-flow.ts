/** The drawing of a graph along whose edges records flow. Pure; any thread. */

import { drawGraph, NODES_MAX } from './drawing.js';

type Edge = readonly [from: string, to: string];

/**
 * Edges beside which there is another way. Records flow on each of them, so the drawing gives each a line of its own.
 * @param names in topological order
 */
function shortcuts(names: readonly string[], edges: readonly Edge[]): readonly Edge[] {
  const after = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
  for (const name of [...names].reverse())
    for (const [from, to] of edges)
      if (from === name) for (const later of [to, ...(after.get(to) ?? [])]) after.get(from)?.add(later);
  return edges.filter(([from, to]) =>
    edges.some(([start, next]) => start === from && next !== to && after.get(next)?.has(to)),
  );
}

/** @param names in topological order; null when they cannot be drawn without crossings, or are too many */
export function drawFlow(names: readonly string[], edges: readonly Edge[]): readonly string[] | null {
  if (names.length > NODES_MAX) return null;
  const beside = new Set(shortcuts(names, edges));
  const drawn: string[] = [];
  const before: number[][] = [];
  const indexOf = (name: string): number => drawn.indexOf(name);
  for (const name of names) {
    const into = edges.filter(([, to]) => to === name);
    const wires = into.filter((edge) => beside.has(edge)).map(([from]) => indexOf(from));
    const first = drawn.length;
    drawn.push(...wires.map(() => ''), name);
    before.push(...wires.map((from) => [from]));
    before.push([
      ...into.filter((edge) => !beside.has(edge)).map(([from]) => indexOf(from)),
      ...wires.map((_, index) => first + index),
    ]);
  }
  return drawGraph({ names: drawn, before });
}
