import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { resolveEnds } from '../../lib/cli/adapters.js';
import { together } from '../../lib/cli/run/progress.js';
import { type EndedRun, runFacts } from '../../lib/cli/run/result.js';
import { summaryText } from '../../lib/cli/run/summary.js';
import type { BoundaryEntry, LaneGraphPlan } from '../../lib/plan/document.js';
import type { LaneCounts, Ledger } from '../../lib/region/counts.js';
import type { ThreadStatus } from '../../lib/runtime/status.js';
import { stageCounts } from '../support/stage-counts.js';

const PLAN: LaneGraphPlan = {
  version: 2,
  name: 'fork',
  target: 'LaneGraph',
  stages: [
    { id: 'keep', op: 'filter', config: { contains: 'x' } },
    { id: 'log', op: 'identity' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'in', to: 'keep', lane: { kind: 'Events' }, on_full: 'Drop' },
      { from: 'in', to: 'log', lane: { kind: 'Journal' } },
      { from: 'keep', to: 'out', lane: { kind: 'Events' } },
      { from: 'log', to: 'out', lane: { kind: 'Events' } },
    ],
  },
};

const lane = (written: number, reader: string, more: Partial<LaneCounts> = {}): LaneCounts => ({
  kind: 'Events',
  inserted: false,
  written,
  published: written,
  bytes: written * 10,
  dropped: { full: 0, too_large: 0 },
  read: { [reader]: written },
  in_flight: { [reader]: 0 },
  ...more,
});

const LEDGER: Ledger = {
  balanced: true,
  settled: true,
  boundaries: {
    in: { kind: 'ingress', published: 1000, bytes: 10_000, dropped: 0, too_large: 0, keyless: 0 },
    out: { kind: 'egress', in: 1600, out: 1600, abandoned: 0, skipped: 0, bytes: 16_000 },
  },
  stages: {
    keep: stageCounts({ in: 900, out: 600, filtered: 300 }),
    log: stageCounts({ in: 1000, out: 1000 }),
  },
  inserted: {
    'router:in': { kind: 'router', in: 1000, out: 2000, failed: 0, causes: {}, abandoned: 0, keyless: 0 },
    'merge:out': { kind: 'merge', in: 1600, out: 1600, failed: 0, causes: {}, abandoned: 0, keyless: 0 },
  },
  lanes: {
    'in->keep': lane(1000, 'keep', { dropped: { full: 100, too_large: 0 }, read: { keep: 900 }, published: 900 }),
    'in->log': lane(1000, 'log', {
      kind: 'Journal',
      journal: {
        appended: 5000,
        durable: 5000,
        synced: 5000,
        first: 0,
        opened_at: 4000,
        replayed: 0,
        unwritten: 0,
        syncs: 9,
        segments: 2,
        bytes: 120_000,
        cut_bytes: 0,
      },
    }),
    'in->router:in': lane(1000, 'router:in', { inserted: true }),
  },
  imbalances: [],
  failure: null,
};

function summaryOf(ledger: Ledger, verbose = true, threads: readonly ThreadStatus[] = []): string {
  const lines = { kind: 'lines', path: '-' };
  const adapters = {
    in: { ...lines, bytes: 11_000, records: 1000, input_bytes: null },
    out: { ...lines, bytes: 17_600, records: 1600, unwritten: 0, reader_gone: false },
  };
  const small = { capacity: 64, memory_bytes: 64, record_max: 16 };
  const sizes = { lanes: { 'in->keep': small, 'in->log': { ...small, journal: '/logs/in-log' } } };
  const status = { threads, requests: [], region: { bytes: 0, path: '' }, adapters, sizes, stages: [] };
  const journals = { 'in->log': '/logs/in-log' };
  const run: EndedRun = { ledger, status, journals, reports: {}, seconds: 1, signal: undefined };
  const colors = pc.createColors(false);
  return summaryText(run, runFacts(run), { plan: PLAN, id: 'f'.repeat(64), adapters: {}, colors, verbose });
}

describe('the summary of a graph', () => {
  test('has its lanes and what was inserted, and adds up without an equation that a broadcast would break', () => {
    expect(summaryOf(LEDGER)).toBe(
      [
        'fork  ffffffffffff  1.00 s',
        '',
        '       records    bytes  records/s       rate',
        '  in     1,000  11.0 kB      1,000  11.0 kB/s',
        '  out    1,600  17.6 kB',
        '',
        '  stage  op           in  = out  + filtered',
        '  keep   filter      900    600         300',
        '  log    identity  1,000  1,000',
        '',
        '  inserted   kind       in    out',
        '  router:in  router  1,000  2,000',
        '  merge:out  merge   1,600  1,600',
        '',
        '  lane           kind     written  = read  + full',
        '  in->keep       Events     1,000     900     100',
        '  in->log        Journal    1,000   1,000          durable 5,000 of 5,000, 2 segments, 120 kB',
        '  in->router:in  Events     1,000   1,000',
        '',
        '  journal  folder',
        '  in->log  /logs/in-log',
        '',
        '✓ balanced over 3 lanes: 1,000 in, 1,600 out, 300 filtered, 100 dropped for lack of room',
      ].join('\n'),
    );
  });

  test('is three lines and a verdict where no more was asked for', () => {
    expect(summaryOf(LEDGER, false).split('\n')).toEqual([
      'fork  ffffffffffff  1.00 s',
      '       records    bytes  records/s       rate',
      '  in     1,000  11.0 kB      1,000  11.0 kB/s',
      '  out    1,600  17.6 kB',
      '✓ balanced over 3 lanes: 1,000 in, 1,600 out, 300 filtered, 100 dropped for lack of room',
    ]);
  });

  test('says once for how many threads a pin was not granted, and each reason once', () => {
    const pin = { state: 'Degraded', reason: 'no CPU is free' } as const;
    const thread = (name: string) => ({
      name,
      agents: ['in'],
      cpu: null,
      pin,
      cpu_seconds: null,
      waited_seconds: null,
    });
    const text = (verbose: boolean) => summaryOf(LEDGER, verbose, [thread('a'), thread('b')]);
    const notes = (verbose: boolean) => text(verbose).match(/^ *! .*/gm);
    expect(notes(false)).toEqual(['! 2 of 2 threads not pinned; --verbose says why']);
    expect(notes(true)).toEqual(['  ! pin of a, pin of b: Degraded (no CPU is free)']);
  });

  test('has a row for each reader of a broadcast that was cut short', () => {
    const cut = lane(10, 'a', { kind: 'FanoutBroadcast', read: { a: 10, b: 7 }, in_flight: { a: 0, b: 3 } });
    const text = summaryOf({ ...LEDGER, lanes: { 'in->a,b': cut } });
    expect(text).toContain('  in->a,b  FanoutBroadcast       10      10               by a\n');
    expect(text).toContain('                                          7            3  by b\n');
  });

  test('names what does not balance without a shard, and a failure by its place in the ingress', () => {
    const imbalance = { at: 'in->keep', shard: null, equation: 'left = right', left: 1000, right: 999 };
    const failure = { stage: 'keep', shard: null, sequence: 41, cause: 'why' };
    const text = summaryOf({ ...LEDGER, balanced: false, imbalances: [imbalance], failure });
    expect(text).toContain('✗ failed: keep at sequence 41: why');
    expect(text).toContain('✗ not balanced:\n  in->keep: left = right does not hold: 1,000 and 999');
  });

  test('lets lines that a lane dropped count as read', () => {
    const dropping = (dropped: number, too_large: number): Ledger => ({
      ...LEDGER,
      boundaries: {
        ...LEDGER.boundaries,
        in: { kind: 'ingress', published: 900, bytes: 9000, dropped, too_large, keyless: 0 },
      },
    });
    expect(summaryOf(dropping(100, 0))).toContain('✓ balanced');
    expect(summaryOf(dropping(60, 40))).toContain('✓ balanced');
    expect(summaryOf(dropping(60, 0))).toContain('in: records read = published + dropped does not hold: 1,000 and 960');
  });
});

describe('several boundaries', () => {
  const boundaries: readonly BoundaryEntry[] = [
    { id: 'a', kind: 'ingress' },
    { id: 'b', kind: 'ingress' },
    { id: 'x', kind: 'egress' },
    { id: 'y', kind: 'egress' },
  ];

  test('each have their adapter', () => {
    expect(
      resolveEnds(boundaries, { ingress: ['a=lines:-', 'b=lines:b.log'], egress: ['x=discard', 'y=lines:-'] }),
    ).toMatchObject({
      ports: { a: { lines: '-' }, b: { lines: 'b.log' }, x: 'discard', y: { lines: '-' } },
      readsStandardInput: true,
      writesStandardOutput: true,
    });
  });

  test.each([
    [
      '--ingress a=lines:x --ingress b=lines:y',
      ['a=lines:x', 'b=lines:y'],
      [],
      'No adapter was given for the egress "x" and the egress "y".',
    ],
    [
      'both on standard input',
      ['a=lines:-', 'b=lines:-'],
      ['x=discard', 'y=discard'],
      'Standard input is the adapter of "a" and "b".',
    ],
    [
      'both on standard output',
      ['a=lines:a', 'b=lines:b'],
      ['x=lines:-', 'y=lines:-'],
      'Standard output is the adapter of "x" and "y".',
    ],
  ])('are refused: %s', (_, ingress, egress, message) => {
    expect(() => resolveEnds(boundaries, { ingress, egress })).toThrow(message);
  });

  test('are one progress line together', () => {
    const sources = [
      { bytes: 10, records: 1, input_bytes: 100 },
      { bytes: 30, records: 2, input_bytes: 60 },
    ];
    expect(together(sources)).toEqual({ bytes: 40, records: 3, input_bytes: 160 });
    expect(together([...sources, { bytes: 1, records: 1, input_bytes: null }])).toEqual({
      bytes: 41,
      records: 4,
      input_bytes: null,
    });
  });
});
