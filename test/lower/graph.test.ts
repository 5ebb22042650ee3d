import { describe, expect, it } from 'vitest';
import { enums } from '../../lib/abi/definition.js';
import { INSERT_RULES } from '../../lib/lower/graph-rules.js';
import { encodeSpec, lower } from '../../lib/lower/index.js';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { compile } from '../../lib/version/version.js';
import { decodeSpec } from '../support/spec/decode.js';
import {
  bothSides,
  broadcastDiamond,
  broadcastDrops,
  byKey,
  type ConnectionText,
  eventsDiamond,
  type GraphParts,
  graph,
  graphs,
  journalBranch,
  line,
  ordered,
  sharedAmongOthers,
} from './graphs.js';
import { hexDump } from './hex.js';
import { checked } from './plans.js';
import { specJson } from './spec-json.js';

const reportOf = (plan: LaneGraphPlan) => compile(plan).report;
const insertedIn = (plan: LaneGraphPlan) => reportOf(plan).inserted.map(({ id }) => id);
const rulesIn = (connections: readonly ConnectionText[], parts?: GraphParts) =>
  reportOf(graph('p', connections, parts)).inserted.map(({ rule, path }) => [rule, path]);
const laneOf = (plan: LaneGraphPlan, id: string) => {
  const spec = lower(checked(plan));
  const lane = spec.lanes.find((candidate) => candidate.id === id);
  if (lane === undefined) throw new Error(`no lane ${id}`);
  return { ...lane, writer: spec.roles[lane.writer]?.id, readers: lane.readers.map((role) => spec.roles[role]?.id) };
};

describe('lowering a graph', () => {
  it.each(Object.entries(graphs))('gives the golden spec, buffer and report for %s', async (name, plan) => {
    const spec = lower(plan);
    await expect(`${specJson(spec)}\n`).toMatchFileSnapshot(`golden/graph-${name}.spec.json`);
    await expect(hexDump(encodeSpec(spec))).toMatchFileSnapshot(`golden/graph-${name}.spec.hex`);
    await expect(`${JSON.stringify(compile(plan), null, 2)}\n`).toMatchFileSnapshot(`golden/graph-${name}.report.json`);
    expect(decodeSpec(encodeSpec(spec))).toEqual(spec);
  });

  it('inserts exactly what docs/inserts.md says for a diamond and a branch over a journal', () => {
    expect(reportOf(broadcastDiamond).inserted.map(({ kind }) => kind)).toEqual(['merge']);
    expect(reportOf(eventsDiamond).inserted.map(({ kind }) => kind)).toEqual(['router', 'merge']);
    expect(reportOf(journalBranch).inserted.map(({ kind }) => kind)).toEqual(['router', 'bridge', 'merge']);
    expect(reportOf(line).inserted).toEqual([]);
  });

  it('does not depend on the order of the catalogs, nor on defaults written out', () => {
    for (const plan of Object.values(graphs)) {
      const { lane_graph } = plan;
      const connections = lane_graph.connections.map((entry) => ({ on_full: lane_graph.on_full ?? 'Block', ...entry }));
      const other: LaneGraphPlan = {
        ...plan,
        stages: [...plan.stages].reverse(),
        boundaries: [...plan.boundaries].reverse(),
        lane_graph: { ...lane_graph, connections },
      };
      expect(encodeSpec(lower(checked(other)))).toEqual(encodeSpec(lower(plan)));
    }
  });

  it('puts roles in the order of flow, of equals the one that the connections name first', () => {
    expect(lower(eventsDiamond).roles.map(({ id }) => id)).toEqual([
      'in',
      'router:in',
      'left',
      'right',
      'merge:tail',
      'tail',
      'out',
    ]);
  });

  it('puts author’s lanes first, by their first connection, and inserted ones behind, by their writer', () => {
    expect(lower(sharedAmongOthers).lanes.map(({ id }) => id)).toEqual([
      'in->a',
      'a->x,y,z',
      'a->out',
      'in->y',
      'x->out',
      'y->out',
      'z->x',
      'in->router:in',
      'a->router:a',
      'router:a->bridge:a:x,y,z',
      'bridge:a:y->merge:y',
      'merge:y->y',
      'bridge:a:x->merge:x',
      'merge:x->x',
      'merge:out->out',
    ]);
  });
});

describe('routers', () => {
  it('stand behind an outlet with several lanes', () => {
    expect(laneOf(eventsDiamond, 'in->left')).toMatchObject({ writer: 'router:in', readers: ['left'] });
    expect(laneOf(eventsDiamond, 'in->router:in')).toMatchObject({ kind: 'Events', onFull: 'Block', inserted: true });
    expect(rulesIn([['in -> a'], ['in -> b'], ['a -> out'], ['b -> out-b']])).toEqual([
      ['ROUTER_FAN_OUT', '/lane_graph/connections/1'],
    ]);
  });

  it('do not stand behind a shared broadcast lane, whose readers are in the order of their connections', () => {
    expect(laneOf(broadcastDiamond, 'head->left,right')).toMatchObject({
      kind: 'FanoutBroadcast',
      writer: 'head',
      readers: ['left', 'right'],
    });
    const plan = graph('p', [['in -> a', 'FanoutBroadcast'], ['in -> b', 'FanoutBroadcast'], ['b -> a'], ['a -> out']]);
    expect(laneOf(plan, 'in->a,b').readers).toEqual(['bridge:in:a', 'b']);
  });

  it('do what the policy of the ingress says, and nothing where there is one connection', () => {
    const policies = lower(byKey).roles.flatMap(({ id, policy }) => (policy === 'None' ? [] : [[id, policy]]));
    expect(policies).toEqual([
      ['router:in-a', 'KeyHash'],
      ['merge:x', 'Interleave'],
    ]);
    expect(
      rulesIn([['in -> a'], ['in -> b'], ['a -> out-a'], ['b -> out-b']], { policy: { in: 'RoundRobin' } }),
    ).toEqual([['ROUTER_POLICY', '/lane_graph/boundary_policy/in']]);
    expect(rulesIn([['in -> a'], ['a -> out']], { policy: { in: 'RoundRobin' } })).toEqual([]);
  });

  it('give each reader of a broadcast that drops a lane of its own', () => {
    expect(reportOf(broadcastDrops)).toMatchObject({
      inserted: [{ id: 'router:in', rule: 'ROUTER_BROADCAST_DROPS', path: '/lane_graph/on_full', cost: { copies: 2 } }],
      lanes: [
        { id: 'in->a', kind: 'Events', asked: 'FanoutBroadcast', from: 'router:in', to: 'a', on_full: 'Drop' },
        { id: 'in->b', kind: 'Events', asked: 'FanoutBroadcast', from: 'router:in', to: 'b', on_full: 'Drop' },
        { id: 'a->out-a', kind: 'Events', on_full: 'Drop' },
        { id: 'b->out-b', kind: 'Events', on_full: 'Drop' },
        { id: 'in->router:in', kind: 'Events', on_full: 'Block', inserted: true },
      ],
    });
    expect(laneOf(broadcastDrops, 'in->a').capacityBytes).toBe(4096);
    const one: ConnectionText = ['in -> a', 'FanoutBroadcast', 'Drop'];
    expect(rulesIn([one, ['in -> b', 'FanoutBroadcast', 'Drop'], ['a -> out'], ['b -> out-b']])).toEqual([
      ['ROUTER_BROADCAST_DROPS', '/lane_graph/connections/0/on_full'],
    ]);
    expect(rulesIn([one, ['a -> out']])).toEqual([]);
  });

  it('write a lane of another kind through a bridge', () => {
    expect(insertedIn(journalBranch)).toEqual(['router:split', 'bridge:split:keep', 'merge:out']);
    expect(laneOf(journalBranch, 'split->keep')).toMatchObject({
      kind: 'Journal',
      fsync: 'Interval',
      fsyncIntervalMs: 10,
      segmentBytes: 65_536,
      retainBytes: 1,
      retainMs: 2,
      writer: 'bridge:split:keep',
      readers: ['keep'],
    });
    expect(reportOf(journalBranch).inserted[1]).toMatchObject({
      rule: 'BRIDGE_AT_ROUTER',
      path: '/lane_graph/connections/2/lane/kind',
      reason: 'a router writes Events lanes, and split->keep is Journal',
    });
  });

  it('write a shared lane through one bridge', () => {
    expect(laneOf(sharedAmongOthers, 'a->x,y,z')).toMatchObject({
      writer: 'bridge:a:x,y,z',
      readers: ['bridge:a:x', 'bridge:a:y', 'z'],
    });
  });
});

describe('merges', () => {
  it('stand before an inlet with several lanes, which they read in the order of the connections', () => {
    const spec = lower(sharedAmongOthers);
    const merge = spec.roles.find(({ id }) => id === 'merge:out');
    expect(merge?.inlets.map((lane) => spec.lanes[lane]?.id)).toEqual(['a->out', 'x->out', 'y->out']);
    expect(reportOf(sharedAmongOthers).inserted.at(-1)).toMatchObject({
      rule: 'MERGE_FAN_IN',
      path: '/lane_graph/connections/6',
      reason: 'out reads a->out, x->out and y->out, as records come (Interleave)',
      cost: { copies: 1, agents: 1 },
    });
  });

  it('restore the order where an Ordered egress is downstream, and only there', () => {
    const policies = lower(ordered).roles.flatMap(({ id, kind, policy }) => (kind === 'Merge' ? [[id, policy]] : []));
    expect(policies).toEqual([
      ['merge:join', 'Ordered'],
      ['merge:out', 'Ordered'],
    ]);
  });

  it('read a lane of another kind through a bridge, also where its other side has one', () => {
    expect(insertedIn(bothSides)).toEqual([
      'router:a',
      'bridge:a:out',
      'bridge:a:tally',
      'bridge:a:out:merge',
      'bridge:b:out',
      'merge:out',
    ]);
    expect(laneOf(bothSides, 'a->out')).toMatchObject({
      kind: 'SequencedSlots',
      capacityRecords: 64,
      writer: 'bridge:a:out',
      readers: ['bridge:a:out:merge'],
    });
  });
});

describe('lanes', () => {
  it('have watermarks exactly where an Ordered merge is downstream', () => {
    const without = lower(ordered).lanes.flatMap(({ id, watermarked }) => (watermarked ? [] : [id]));
    expect(without).toEqual(['c->tally', 'merge:out->out']);
    for (const plan of [eventsDiamond, bothSides])
      expect(lower(plan).lanes.some((lane) => lane.watermarked)).toBe(false);
  });

  it('know their records as far as the ingresses agree and no stage writes', () => {
    const struct = { codec: 'Struct', recordBytes: 16 };
    const any = { codec: 'Bytes', recordBytes: 0, layoutHash: 0n };
    expect(laneOf(byKey, 'x->tally')).toMatchObject(struct);
    expect(laneOf(byKey, 'merge:x->x')).toMatchObject(struct);
    expect(laneOf(byKey, 'in-a->y')).toMatchObject(struct);
    expect(laneOf(byKey, 'y->out-y')).toMatchObject(any);
    const mixed = graph('p', [['in-a -> x'], ['in-b -> x'], ['x -> out']], { ends: { 'in-a': { codec: 'utf8' } } });
    expect(laneOf(mixed, 'in-a->x')).toMatchObject({ codec: 'Utf8' });
    expect(laneOf(mixed, 'x->out')).toMatchObject(any);
  });

  it('are as durable as the strongest promise where a journal says nothing', () => {
    expect(laneOf(line, 'a->b')).toMatchObject({ fsync: 'EachBatch', segmentBytes: 0, retainBytes: 0, retainMs: 0 });
  });
});

describe('keys', () => {
  it('of fields are resolved in the struct of an ingress upstream', () => {
    const spec = lower(byKey);
    expect(spec.keys).toEqual([{ kind: 'Field', name: 'user', offset: 8, length: 8 }]);
    expect(spec.roles.find(({ id }) => id === 'router:in-a')?.key).toBe(0);
    const byLevel = { kind: enums.KeyCode.Field, offset: 0, length: 1, index: 0, text: 'level' };
    expect(spec.stages.find(({ id }) => id === 'tally')?.config).toEqual(byLevel);
  });

  it('of an ingress with one connection choose nothing and are left out', () => {
    const policy = { in: { kind: 'KeyHash', key: { kind: 'bytes', offset: 0, length: 1 } } } as const;
    expect(lower(graph('p', [['in -> a'], ['a -> out']], { policy })).keys).toEqual([]);
  });
});

it('a boundary may have the name of something that every object has', () => {
  const plan = graph('p', [['in -> constructor'], ['constructor -> out']], { policy: { in: 'Broadcast' } });
  expect(compile(plan).report.inserted).toEqual([]);
  const boundaries = plan.boundaries.map((entry) => (entry.id === 'in' ? { ...entry, id: 'valueOf' } : entry));
  const connections = plan.lane_graph.connections.map((entry) =>
    entry.from === 'in' ? { ...entry, from: 'valueOf' } : entry,
  );
  const renamed = { ...plan, boundaries, lane_graph: { connections, boundary_policy: {} } };
  expect(compile(renamed).text).toContain('lane_graph.boundary_policy.valueOf="Broadcast"');
});

it('every rule is used by a golden plan', () => {
  const used = Object.values(graphs).flatMap((plan) => reportOf(plan).inserted.map(({ rule }) => rule));
  expect([...new Set(used)].sort()).toEqual(Object.keys(INSERT_RULES).sort());
});
