/**
 * Graphs whose copies meet again level behind level in front of an Ordered egress, and what must come out of them.
 *
 *   in ─▶ s0 ─┬─▶ b0-0 ─┬─▶ s1 ─┬─▶ … ─▶ out        a level of k ways: k branches, of which the first `pass` let records on
 *             └─▶ b0-1 ─┘       └─▶ …
 */
import type { Connection, Lane, LaneGraphPlan, StageEntry } from '../../lib/plan/document.js';

export interface Level {
  /** Branches, which a merge joins. */
  readonly ways: number;
  /** Branches that let a record on; each appends its letter where there are several. */
  readonly pass: number;
}

const LETTERS = 'ABCDEFGHIJKLMNOP';

/** Bits of an ordinal that a merge of so many ways takes, counted without the code under test. */
export function bitsOf({ ways }: Level): number {
  let bits = 0;
  while (2 ** bits < ways) bits += 1;
  return bits;
}

export function orderedLevels(levels: readonly Level[], lane: Lane = { kind: 'Events' }): LaneGraphPlan {
  const stages: StageEntry[] = [];
  const connections: Connection[] = [{ from: 'in', to: 's0', lane }];
  for (const [level, { ways, pass }] of levels.entries()) {
    stages.push({ id: `s${level}`, op: 'identity' });
    for (let way = 0; way < ways; way++) {
      const id = `b${level}-${way}`;
      if (way >= pass) stages.push({ id, op: 'filter', config: { contains: 'NOTHING' } });
      else if (pass === 1) stages.push({ id, op: 'identity' });
      else stages.push({ id, op: 'append', config: { text: LETTERS[way] } });
      connections.push({ from: `s${level}`, to: id, lane }, { from: id, to: `s${level + 1}`, lane });
    }
  }
  stages.push({ id: `s${levels.length}`, op: 'identity' });
  connections.push({ from: `s${levels.length}`, to: 'out', lane });
  return {
    version: 2,
    name: 'levels',
    target: 'LaneGraph',
    stages,
    boundaries: [
      { id: 'in', kind: 'ingress', codec: 'utf8' },
      { id: 'out', kind: 'egress', codec: 'utf8' },
    ],
    lane_graph: { connections, boundary_policy: { out: 'Ordered' } },
  };
}

/** What becomes of a record: its copies in the order of the connections. */
export function copiesOf(record: string, levels: readonly Level[]): string[] {
  let copies = [record];
  for (const { pass } of levels.filter((level) => level.pass > 1))
    copies = copies.flatMap((copy) => [...LETTERS.slice(0, pass)].map((letter) => copy + letter));
  return copies;
}
