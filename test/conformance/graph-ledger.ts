/** What the ledger of a LaneGraph must say, from the interpreter and from the equations of docs/runtime.md. */
import { expect } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import type { EgressCounts, IngressCounts, Ledger } from '../../lib/region/counts.js';
import type { Flow, GraphOutcome } from './graph-interpreter.js';
import { countsOf, type Tally } from './op-model.js';

/** Every author's lane by its id: the connections that it serves. */
export function authorLanes({ lane_graph: graph }: LaneGraphPlan): Map<string, number[]> {
  const lanes = new Map<string, number[]>();
  const dropping = (index: number): boolean => (graph.connections[index]?.on_full ?? graph.on_full) === 'Drop';
  for (const [index, { from, to, lane }] of graph.connections.entries()) {
    const together = graph.connections.flatMap((one, at) =>
      one.from === from && one.lane.kind === 'FanoutBroadcast' && !dropping(at) ? [at] : [],
    );
    const own = lane.kind !== 'FanoutBroadcast' || dropping(index) ? [index] : together;
    const to_ = own.length > 1 ? own.map((at) => graph.connections[at]?.to).join(',') : to;
    lanes.set(`${from}->${to_}`, own);
  }
  return lanes;
}

const bytesOf = ({ items }: Flow): number => items.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** The whole ledger of a run that nothing stopped, and in which no lane dropped. */
export function expectExactLedger(plan: LaneGraphPlan, expected: GraphOutcome, ledger: Ledger): void {
  for (const { id, kind } of plan.boundaries) {
    const flow = expected.owners.get(id)?.inlet as Flow;
    const [records, bytes] = [flow.items.length, bytesOf(flow)];
    const counts = { id, ...ledger.boundaries[id] };
    if (kind === 'ingress') {
      const keyless = expected.keyless[id];
      expect(counts).toEqual({ id, kind, published: records, bytes, dropped: 0, too_large: 0, keyless });
    } else {
      expect(counts).toEqual({ id, kind, in: records, out: records, abandoned: 0, skipped: 0, bytes });
    }
  }
  for (const { id } of plan.stages) {
    const counts = countsOf(expected.owners.get(id)?.tally as Tally);
    expect({ id, ...ledger.stages[id] }).toEqual({ id, ...counts });
  }
  for (const [id, connections] of authorLanes(plan)) {
    const flow = expected.connections[connections[0] as number] as Flow;
    const records = flow.items.length;
    const counts = { written: records, published: records, bytes: bytesOf(flow), dropped: { full: 0, too_large: 0 } };
    expect({ id, ...ledger.lanes[id] }).toMatchObject({ id, inserted: false, ...counts });
    const { read = {}, in_flight: flying = {} } = ledger.lanes[id] ?? {};
    expect({ id, read: Object.values(read) }).toEqual({ id, read: connections.map(() => records) });
    expect({ id, flying: Object.values(flying) }).toEqual({ id, flying: connections.map(() => 0) });
  }
  expectInserted(plan, expected, ledger);
}

function expectInserted(plan: LaneGraphPlan, expected: GraphOutcome, ledger: Ledger): void {
  for (const [id, counts] of Object.entries(ledger.inserted)) {
    const owner = id.split(':')[1] as string;
    const { inlet, outlet, lanes = [] } = expected.owners.get(owner) ?? {};
    expect({ id, ...counts }).toMatchObject({ id, failed: 0, abandoned: 0 });
    if (counts.kind === 'merge') {
      const records = inlet?.items.length;
      expect({ id, in: counts.in, out: counts.out }).toEqual({ id, in: records, out: records });
      expect(lanes.reduce((sum, { items }) => sum + items.length, 0)).toBe(records);
    }
    if (counts.kind !== 'router') continue;
    const written = [...authorLanes(plan)].flatMap(([lane, [first = 0]]) =>
      lane.startsWith(`${owner}->`) ? [expected.connections[first]?.items.length ?? 0] : [],
    );
    const out = written.reduce((sum, one) => sum + one, 0);
    const keyless = expected.keyless[owner];
    expect({ id, ...counts }).toMatchObject({ id, in: outlet?.items.length, out, keyless });
  }
}

/**
 * The equations of docs/runtime.md, from the printed numbers alone: they hold however a run ended, and whatever was dropped on
 * the way. `settled` and `balanced` are the product's own verdict on the same.
 */
export function expectConserved(plan: LaneGraphPlan, ledger: Ledger): void {
  expect(ledger.imbalances).toEqual([]);
  expect(ledger).toMatchObject({ balanced: true, settled: true });
  for (const [id, lane] of Object.entries(ledger.lanes)) {
    const dropped = lane.dropped.full + lane.dropped.too_large;
    expect({ id, written: lane.written }).toEqual({ id, written: lane.published + dropped });
    for (const read of Object.values(lane.read)) expect({ id, read }).toEqual({ id, read: lane.published });
  }
  const author = authorLanes(plan);
  const routed = (id: string): boolean => ledger.inserted[`router:${id}`] !== undefined;
  for (const [id, counts] of Object.entries(ledger.stages)) {
    const { in: reached, out, passed_on, filtered, failed, absorbed, abandoned } = counts;
    expect({ id, in: reached }).toEqual({ id, in: passed_on + filtered + failed + absorbed + abandoned });
    expect({ id, out }).toEqual({ id, out: passed_on + counts.emitted });
    expect({ id, failed }).toEqual({ id, failed: counts.stopped + counts.dropped + counts.dead_lettered });
    expect({ id, held: counts.held }).toEqual({ id, held: 0 });
    const outlets = [...author.keys()].filter((lane) => lane.startsWith(`${id}->`));
    const [only] = outlets;
    if (only === undefined) continue;
    const lane = routed(id) ? `${id}->router:${id}` : only;
    expect({ lane, written: ledger.lanes[lane]?.written }).toEqual({ lane, written: out });
  }
  for (const [id, { kind, in: reached, out, failed, abandoned }] of Object.entries(ledger.inserted)) {
    const owner = id.split(':')[1] as string;
    if (kind === 'router') {
      const policy = plan.lane_graph.boundary_policy?.[owner] ?? 'Broadcast';
      const lanes = [...author.keys()].filter((lane) => lane.startsWith(`${owner}->`)).length;
      const copies = policy === 'Broadcast' ? lanes : 1;
      expect({ id, offered: reached * copies }).toEqual({ id, offered: out + failed + abandoned });
    } else {
      expect({ id, in: reached }).toEqual({ id, in: out + failed + abandoned });
    }
  }
  for (const [id, counts] of Object.entries(ledger.boundaries) as [string, IngressCounts | EgressCounts][])
    if (counts.kind === 'egress') expect({ id, in: counts.in }).toEqual({ id, in: counts.out + counts.abandoned });
}
