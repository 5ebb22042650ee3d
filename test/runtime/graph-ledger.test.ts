import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLedger } from '../../lib/region/ledger.js';
import { Region, RegionError } from '../../lib/region/region.js';
import { readSnapshot } from '../../lib/region/snapshot.js';
import { stageCounts } from '../support/stage-counts.js';
import { GraphRegion, type GraphShape } from './lanes.js';

/**
 *   in ─0─▶ router:in ─1─▶ keep ─3─▶ merge:out ─6─▶ out
 *                    └─2─▶ bridge ─4 (journal)─▶ slow ─5─▶┘
 */
const DIAMOND: GraphShape = {
  roles: [
    { id: 'in', kind: 'Ingress', outlets: [0] },
    { id: 'router:in', kind: 'Router', policy: 'Broadcast', inlets: [0], outlets: [1, 2] },
    { id: 'keep', kind: 'Stage', inlets: [1], outlets: [3] },
    { id: 'bridge:in:slow', kind: 'Bridge', inlets: [2], outlets: [4] },
    { id: 'journal:in->slow', kind: 'Journal', inlets: [4] },
    { id: 'slow', kind: 'Stage', inlets: [4], outlets: [5] },
    { id: 'merge:out', kind: 'Merge', policy: 'Interleave', inlets: [3, 5], outlets: [6] },
    { id: 'out', kind: 'Egress', inlets: [6] },
  ],
  lanes: [
    { id: 'in->router:in', writer: 0, readers: [1], inserted: true },
    { id: 'in->keep', writer: 1, readers: [2], drop: true },
    { id: 'router:in->bridge:in:slow', writer: 1, readers: [3], inserted: true },
    { id: 'keep->out', writer: 2, readers: [6] },
    { id: 'in->slow', kind: 'Journal', writer: 3, readers: [5] },
    { id: 'slow->out', kind: 'SequencedSlots', writer: 5, readers: [6] },
    { id: 'merge:out->out', writer: 6, readers: [7], inserted: true },
  ],
};

/** 10 records: 2 dropped on the way to `keep`, which filters 3; 4 came out of the journal's files on top. */
function settled(): GraphRegion {
  const graph = new GraphRegion(DIAMOND);
  graph.state('Stopped');
  const role = (lane: number, reached: number, out = reached, more = {}): void =>
    graph.consumer(lane, 0, { in: reached, out, ...more });
  graph.producer(0, { published: 10, bytes: 100, cell: 240 });
  role(0, 10);
  graph.producer(1, { published: 8, bytes: 80, dropped: 1, too_large: 1, cursor: 192 });
  graph.producer(2, { published: 10, bytes: 100 });
  role(1, 8, 5, { filtered: 3, sequence: 192 });
  role(2, 10);
  graph.producer(3, { published: 5, bytes: 50 });
  graph.producer(4, { published: 10, bytes: 100 });
  graph.files(4, { in: 10 });
  graph.journal(4, {
    replayed: 4,
    opened_at: 50,
    appended: 60,
    durable: 60,
    synced: 58,
    first: 40,
    segments: 2,
    syncs: 3,
  });
  role(4, 14);
  graph.producer(5, { published: 14, bytes: 140 });
  role(3, 5);
  role(5, 14);
  graph.producer(6, { published: 19, bytes: 190 });
  graph.consumer(6, 0, { in: 19, out: 18, abandoned: 1, bytes: 180 });
  return graph;
}

describe('the ledger of a graph', () => {
  test('says what went through every role and every lane', () => {
    const ledger = readLedger(settled().region);
    expect(ledger.imbalances).toEqual([]);
    expect(ledger).toMatchObject({
      balanced: true,
      settled: true,
      boundaries: {
        in: { kind: 'ingress', published: 10, bytes: 100, dropped: 0, too_large: 0, keyless: 0 },
        out: { kind: 'egress', in: 19, out: 18, abandoned: 1, skipped: 0, bytes: 180 },
      },
      stages: {
        keep: stageCounts({ in: 8, out: 5, filtered: 3 }),
        slow: stageCounts({ in: 14, out: 14 }),
      },
      inserted: {
        'router:in': { kind: 'router', in: 10, out: 20, failed: 0, causes: {}, abandoned: 0, keyless: 0 },
        'bridge:in:slow': { kind: 'bridge', in: 10, out: 10, failed: 0, causes: {}, abandoned: 0, keyless: 0 },
        'merge:out': { kind: 'merge', in: 19, out: 19, failed: 0, causes: {}, abandoned: 0, keyless: 0 },
      },
      failure: null,
    });
    expect(Object.keys(ledger.lanes)).toEqual(DIAMOND.lanes.map(({ id }) => id));
    expect(ledger.lanes['in->keep']).toEqual({
      kind: 'Events',
      inserted: false,
      written: 10,
      published: 8,
      bytes: 80,
      dropped: { full: 1, too_large: 1 },
      read: { keep: 8 },
      in_flight: { keep: 0 },
    });
    expect(ledger.lanes['in->slow']).toMatchObject({
      kind: 'Journal',
      written: 10,
      read: { slow: 14 },
      journal: { replayed: 4, opened_at: 50, appended: 60, durable: 60, synced: 58, first: 40, segments: 2, syncs: 3 },
    });
    expect(ledger.lanes['merge:out->out']?.inserted).toBe(true);
  });

  test('tells what is in flight while it runs', () => {
    const graph = settled();
    graph.state('Running');
    graph.consumer(3, 0, { in: 2, out: 2 });
    graph.producer(6, { published: 16 });
    graph.consumer(6, 0, { in: 16, out: 16, abandoned: 0 });
    const ledger = readLedger(graph.region);
    expect(ledger.lanes['keep->out']?.in_flight).toEqual({ 'merge:out': 3 });
    expect(ledger.imbalances).toEqual([]);
  });

  type Damage = (graph: GraphRegion) => void;
  const cases: [string, Damage, string, string, number, number][] = [
    [
      'a record that a lane lost',
      (graph) => graph.consumer(1, 0, { in: 7, out: 4 }),
      'in->keep',
      'in flight to keep = 0 at the end',
      1,
      0,
    ],
    [
      'a record that nobody wrote',
      (graph) => graph.consumer(1, 0, { in: 9, out: 6 }),
      'in->keep',
      'written = read by keep + dropped + in flight',
      10,
      11,
    ],
    [
      'a stage that lost one',
      (graph) => graph.consumer(1, 0, { filtered: 2 }),
      'keep',
      'in = passed_on + filtered + failed + absorbed + abandoned + held',
      8,
      7,
    ],
    ['neighbours that disagree', (graph) => graph.producer(3, { published: 4 }), 'keep', 'out = written', 5, 4],
    [
      'a drop that was not counted',
      (graph) => graph.producer(1, { dropped: 0 }),
      'router:in',
      'in × destinations = out + failed + abandoned',
      20,
      19,
    ],
    ['a merge that lost one', (graph) => graph.producer(6, { published: 18 }), 'merge:out', 'out = written', 19, 18],
    [
      'an egress that delivered one too many',
      (graph) => graph.consumer(6, 0, { out: 19 }),
      'out',
      'in = out + abandoned',
      19,
      20,
    ],
  ];
  test.each(cases)('names the equation that does not hold: %s', (_, damage, at, equation, left, right) => {
    const graph = settled();
    damage(graph);
    const ledger = readLedger(graph.region);
    expect(ledger.balanced).toBe(false);
    expect(ledger.imbalances).toContainEqual({ at, shard: null, equation, left, right });
  });

  test('knows that a router which chooses gives each record to one lane, and who had no key', () => {
    const roles = DIAMOND.roles.map((role) =>
      role.kind === 'Router' ? { ...role, policy: 'KeyHash' as const } : role,
    );
    const graph = new GraphRegion({ ...DIAMOND, roles });
    graph.producer(0, { published: 10 });
    graph.consumer(0, 0, { in: 10, out: 10, keyless: 2 });
    graph.producer(1, { published: 6 });
    graph.producer(2, { published: 4 });
    const { imbalances, boundaries, inserted } = readLedger(graph.region);
    expect(imbalances).toEqual([]);
    expect(boundaries.in).toMatchObject({ keyless: 2 });
    expect(inserted['router:in']).toMatchObject({ in: 10, out: 10, keyless: 2 });
    graph.producer(2, { published: 5 });
    expect(readLedger(graph.region).imbalances).toContainEqual({
      at: 'router:in',
      shard: null,
      equation: 'in × destinations = out + failed + abandoned',
      left: 10,
      right: 11,
    });
  });

  test('tells what the files of a journal do not hold', () => {
    const graph = settled();
    expect(readLedger(graph.region).lanes['in->slow']?.journal?.unwritten).toBe(0);
    graph.files(4, { in: 7 });
    expect(readLedger(graph.region).lanes['in->slow']?.journal?.unwritten).toBe(3);
  });

  test('counts copies that a router could not give as abandoned', () => {
    const graph = settled();
    graph.producer(2, { published: 7 });
    graph.consumer(0, 0, { abandoned: 3, out: 7 });
    expect(readLedger(graph.region).imbalances.map(({ at }) => at)).not.toContain('router:in');
  });

  test('tells a failure by the place of the record in its ingress', () => {
    const graph = settled();
    graph.fail(2, 7, 'why');
    expect(readLedger(graph.region).failure).toEqual({ stage: 'keep', shard: null, sequence: 7, cause: 'why' });
  });
});

describe('a snapshot of a graph', () => {
  test('shows every role with what it has read and what lies before it', () => {
    const graph = settled();
    graph.consumer(3, 0, { in: 3 });
    graph.consumer(5, 0, { in: 10 });
    graph.files(4, { in: 8 });
    const { agents, target } = readSnapshot(graph.buffer);
    expect(target).toBe('LaneGraph');
    expect(agents.map(({ id, kind, sequence, lag }) => [id, kind, sequence, lag])).toEqual([
      ['in', 'ingress', 10, 0],
      ['router:in', 'router', 10, 0],
      ['keep', 'stage', 8, 0],
      ['bridge:in:slow', 'bridge', 10, 0],
      ['journal:in->slow', 'journal', 8, 2],
      ['slow', 'stage', 14, 0],
      ['merge:out', 'merge', 13, 6],
      ['out', 'egress', 19, 0],
    ]);
    expect(agents.map(({ thread }) => thread === null)).toEqual([true, ...Array(6).fill(false), true]);
  });

  test('names every role and lane, also where characters take several bytes and texts stand in another order', () => {
    const named = (name: string): GraphShape => ({
      roles: [
        { id: 'in', kind: 'Ingress', outlets: [0] },
        { id: name, kind: 'Stage', inlets: [0], outlets: [1] },
        { id: 'out', kind: 'Egress', inlets: [1] },
      ],
      lanes: [
        { id: `in->${name}`, writer: 0, readers: [1] },
        { id: `${name}->out`, writer: 1, readers: [2] },
      ],
    });
    const namesOf = ({ buffer }: GraphRegion) => {
      const { agents, lanes } = readSnapshot(buffer);
      return [agents, lanes].map((rows) => rows.map(({ id }) => id));
    };
    for (const name of ['keep', 'größer', '保つ', '']) {
      const graph = new GraphRegion(named(name));
      expect(namesOf(graph)).toEqual([
        ['in', name, 'out'],
        [`in->${name}`, `${name}->out`],
      ]);
      // The first text stands behind all others now.
      graph.moveAgentId(0, 'ingress');
      expect(namesOf(graph)[0]).toEqual(['ingress', name, 'out']);
    }
  });

  test('shows how full every lane is', () => {
    const graph = settled();
    graph.consumer(0, 0, { sequence: 40 });
    graph.producer(6, { cursor: 2 ** 32 + 8 });
    graph.consumer(6, 0, { cell: 2 ** 32 - 16 });
    const { lanes } = readSnapshot(graph.buffer);
    expect(lanes.map(({ id, unit, capacity, used }) => [id, unit, capacity, used])).toEqual([
      ['in->router:in', 'bytes', 1024, 200],
      ['in->keep', 'bytes', 1024, 0],
      ['router:in->bridge:in:slow', 'bytes', 1024, 0],
      ['keep->out', 'bytes', 1024, 0],
      ['in->slow', 'bytes', 1024, 0],
      ['slow->out', 'records', 8, 0],
      ['merge:out->out', 'bytes', 1024, 24],
    ]);
    expect(lanes[1]).toMatchObject({
      kind: 'Events',
      inserted: false,
      on_full: 'Drop',
      writer: 'router:in',
      readers: [{ id: 'keep', read: 8, lag: 0 }],
      published: 8,
      dropped: 1,
      too_large: 1,
      closed: false,
    });
    expect(lanes[4]).toMatchObject({ kind: 'Journal', journal: { durable: 60, segments: 2 } });
  });

  test('follows who waits for whom to the one that holds the graph up', () => {
    const graph = settled();
    for (const [agent, waits_for, state] of [
      [0, 1, 3],
      [1, 2, 3],
      [2, 6, 3],
      [6, 7, 3],
      [7, 0xffff_ffff, 1],
    ] as const)
      graph.agent(agent, { waits_for, state });
    const [ingress] = readSnapshot(graph.buffer).agents;
    expect(ingress?.blocked_on.map(({ agent }) => agent)).toEqual(['router:in', 'keep', 'merge:out', 'out']);
    expect(ingress?.blame).toBe('merge:out -> out');
  });

  test('refuses a region that is damaged, wherever that is', () => {
    const whole = new Uint8Array(settled().buffer);
    const tables = settled().lanesOffset + 8192;
    const damaged = fc.record({ at: fc.nat(tables), value: fc.nat(255) });
    fc.assert(
      fc.property(damaged, ({ at, value }) => {
        const bytes = whole.slice();
        bytes[at] = value;
        for (const look of [readSnapshot, (copy: Uint8Array<ArrayBuffer>) => readLedger(new Region(copy.buffer))])
          try {
            look(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(RegionError);
          }
      }),
      { numRuns: 2000 },
    );
  });
});
