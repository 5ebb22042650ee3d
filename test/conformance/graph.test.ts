import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { arbitraryGraphCase, type CaseShape, type GraphCase, linesOf } from './graph-cases.js';
import { type Flow, GraphInterpreter, type GraphOutcome, type Item, type OwnerOutcome } from './graph-interpreter.js';
import { expectConserved, expectExactLedger } from './graph-ledger.js';
import { joinLines, splitLines } from './lines.js';
import { type GraphCoreOutcome, runGraphOnCore } from './run-graph.js';

/**
 * Random LaneGraph plans and random records, in lanes that are hardly larger than their longest record, on the core under
 * each wait strategy and number of threads, against the interpreter. A failure prints its seed and the smallest case it
 * was shrunk to. BYTEOR_CONFORMANCE_RUNS: cases for each of them.
 */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 20);

/** A machine under load runs fewer cases; and what fails is shrunk no longer than a test may take. */
const limited = (numRuns: number) => ({ numRuns, interruptAfterTimeLimit: 90_000 });

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const texts = (items: readonly Item[]): string[] => items.map(({ bytes }) => latin1(bytes));

function expectSubsequence(part: readonly string[], whole: readonly string[], what: string): void {
  let at = 0;
  for (const [index, one] of part.entries()) {
    while (at < whole.length && whole[at] !== one) at++;
    if (at === whole.length) expect.fail(`${what}: record ${index} (${JSON.stringify(one)}) is not where it belongs`);
    at++;
  }
}

/** What an egress of JavaScript delivered is what the interpreter says: in order where there is one, per lane where not. */
function expectDelivered(id: string, { inlet, lanes }: { inlet: Flow; lanes: readonly Flow[] }, got: string[]): void {
  if (inlet.exact) {
    expect({ id, records: got }).toEqual({ id, records: texts(inlet.items) });
    return;
  }
  expect({ id, records: [...got].sort() }).toEqual({ id, records: texts(inlet.items).sort() });
  for (const lane of lanes) if (lane.exact) expectSubsequence(texts(lane.items), got, `a lane into "${id}"`);
}

function expectWritten(id: string, { items, exact }: Flow, file: Buffer): void {
  if (exact) expect({ id, file: latin1(file) }).toEqual({ id, file: latin1(joinLines(items)) });
  else {
    // A record with LF in it, which JavaScript can push, is several lines; one without an end gets one.
    const closed = items.map((item) => ({ ...item, terminator: item.terminator || ('\n' as const) }));
    const linesIn = (bytes: Buffer): string[] =>
      splitLines(bytes).map((line) => latin1(line.bytes) + (line.terminator || '\n'));
    expect({ id, lines: linesIn(file).sort() }).toEqual({ id, lines: linesIn(joinLines(closed)).sort() });
  }
}

/** The order in which a checksum saw its records is known. */
const isCertain = ({ plan }: GraphCase, expected: GraphOutcome, id: string): boolean =>
  plan.stages.find((stage) => stage.id === id)?.op !== 'checksum' || expected.owners.get(id)?.inlet.exact === true;

function expectEverything(one: GraphCase, core: GraphCoreOutcome): void {
  const expected = new GraphInterpreter(one.plan).run({ records: linesOf(one) });
  expectConserved(one.plan, core.ledger);
  expect(core.ledger.failure).toBeNull();
  for (const [id, records] of Object.entries(core.delivered))
    expectDelivered(id, expected.owners.get(id) as never, records.map(latin1));
  for (const [id, file] of Object.entries(core.written))
    expectWritten(id, expected.owners.get(id)?.inlet as Flow, file);
  expectExactLedger(one.plan, expected, core.ledger);
  for (const { id } of one.plan.stages)
    if (isCertain(one, expected, id))
      expect({ id, report: core.reports[id] }).toEqual({ id, report: expected.owners.get(id)?.report });
}

const WAITS = ['adaptive', 'spin', 'yield', 'park'] as const;
const THREADS = [1, 2, 3] as const;

async function expectConformance(more: OpenOptions, numRuns: number, shape: CaseShape = {}): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitraryGraphCase({ failing: false, ...shape }), async (one) =>
      expectEverything(one, await runGraphOnCore(one, more)),
    ),
    limited(numRuns),
  );
}

describe.each(WAITS)('waiting by %s', (wait) => {
  test.each(THREADS)('on %i threads every graph gives what the interpreter gives', (threads) =>
    expectConformance({ wait, threads }, RUNS),
  );
});

describe.each([
  ['where external buffers are forbidden', 'BYTEOR_NO_EXTERNAL_BUFFERS'],
  ['where atomics are not trusted', 'BYTEOR_NO_ATOMICS'],
])('%s', (_, variable) => {
  beforeAll(() => {
    process.env[variable] = '1';
  });
  afterAll(() => {
    delete process.env[variable];
  });

  test('every graph gives what the interpreter gives', () => expectConformance({ threads: 2 }, RUNS * 2));
});

/** What came out is part of what would have come out, in the same order where there is one. */
function expectPart(expected: GraphOutcome, core: GraphCoreOutcome): void {
  for (const [id, records] of Object.entries(core.delivered)) {
    const { items, exact } = (expected.owners.get(id) as OwnerOutcome).inlet;
    const [got, whole] = [records.map(latin1), texts(items)];
    if (exact) expectSubsequence(got, whole, `egress "${id}"`);
    else expectSubsequence([...got].sort(), [...whole].sort(), `egress "${id}", sorted`);
    expect({ id, out: got.length }).toEqual({ id, out: (core.ledger.boundaries[id] as { out: number }).out });
  }
}

describe.each(THREADS)('lanes that drop, on %i threads', (threads) => {
  test('every record is delivered, filtered or counted; nothing comes twice or out of order', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryGraphCase({ failing: false, drops: true }),
        fc.constantFrom(...WAITS),
        async (one, wait) => {
          const expected = new GraphInterpreter(one.plan).run({ records: linesOf(one) });
          const core = await runGraphOnCore(one, { wait, threads });
          expectConserved(one.plan, core.ledger);
          expect(core.ledger.failure).toBeNull();
          expectPart(expected, core);
          for (const [id, { lines }] of Object.entries(one.sources)) {
            const { published, dropped } = core.ledger.boundaries[id] as { published: number; dropped: number };
            expect({ id, pushed: published + dropped }).toEqual({ id, pushed: lines.length });
          }
        },
      ),
      limited(RUNS * 2),
    );
  });
});

/** Stages that fail a record when all before them work; what each may name. */
function failures(
  one: GraphCase,
  expected: GraphOutcome,
): { stage: string; first: number | undefined; any: Set<number> }[] {
  return one.plan.stages.flatMap(({ id }) => {
    const { failing = [], inlet } = expected.owners.get(id) ?? {};
    if (failing.length === 0) return [];
    const places = new Set(failing.map(({ place }) => place));
    return [{ stage: id, first: inlet?.exact === true ? failing[0]?.place : undefined, any: places }];
  });
}

/** Egresses that only the failing stage feeds, along a line: they get everything that it had passed on. */
function behind(plan: LaneGraphPlan, stage: string): string[] {
  const { connections } = plan.lane_graph;
  const line = new Set([stage]);
  for (const id of line)
    for (const { to } of connections.filter(({ from }) => from === id))
      if (connections.filter((one) => one.to === to).length === 1) line.add(to);
  return [...line].filter((id) => plan.boundaries.some((boundary) => boundary.id === id));
}

describe.each(THREADS)('a record that fails, on %i threads', (threads) => {
  test('stops the graph: the first failing stage is named, what is behind it drains, everything is counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryGraphCase({ maxStages: 5, failing: true, texts: ['a', 'e', '1'] }),
        fc.constantFrom(...WAITS),
        async (one, wait) => {
          const records = linesOf(one);
          const expected = new GraphInterpreter(one.plan).run({ records });
          const core = await runGraphOnCore(one, { wait, threads });
          expectConserved(one.plan, core.ledger);
          const possible = failures(one, expected);
          const { failure } = core.ledger;
          expect(failure !== null).toBe(possible.length > 0);
          if (failure === null) return expectEverything(one, core);
          const named = possible.find(({ stage }) => stage === failure.stage);
          const place = failure.sequence - (one.options.firstSequence ?? 0);
          expect([...(named?.any ?? [])]).toContain(place);
          if (named?.first !== undefined) expect(place).toBe(named.first);
          expect(failure.cause).toMatch(/^reject: the record |^set_field: the field /);
          expectPart(expected, core);
          for (const error of Object.values(core.rejected)) expect(error?.failure).toEqual(failure);
          if (possible.length > 1 || named?.first === undefined) return;
          const inlet = expected.owners.get(failure.stage)?.inlet.items ?? [];
          const stopAt = { [failure.stage]: inlet.findIndex((item) => item.place === place) };
          const cut = new GraphInterpreter(one.plan).run({ records, stopAt });
          for (const id of behind(one.plan, failure.stage))
            if (core.delivered[id] !== undefined)
              expectDelivered(id, cut.owners.get(id) as never, core.delivered[id].map(latin1));
        },
      ),
      limited(RUNS * 2),
    );
  });
});

test('a failure names the place of its record in the ingress, also behind slots that no merge restores order from', async () => {
  const slots = { kind: 'SequencedSlots', capacity: 2, gating: 4 } as const;
  const events = { kind: 'Events' } as const;
  const plan: LaneGraphPlan = {
    version: 2,
    name: 'place',
    target: 'LaneGraph',
    stages: [
      { id: 'even', op: 'count' },
      { id: 'odd', op: 'identity' },
      { id: 'strict', op: 'reject', config: { equals: 'bad' } },
    ],
    boundaries: [
      { id: 'in', kind: 'ingress' },
      { id: 'out', kind: 'egress' },
    ],
    lane_graph: {
      connections: [
        { from: 'in', to: 'even', lane: events },
        { from: 'in', to: 'odd', lane: slots },
        { from: 'odd', to: 'strict', lane: slots },
        { from: 'strict', to: 'out', lane: events },
      ],
      boundary_policy: { in: 'RoundRobin' },
    },
  };
  const bytes = ['a', 'b', 'c', 'd', 'e', 'bad', 'f'].map((text) => Buffer.from(text));
  const inputs = bytes.map((value) => ({ value, bytes: value }));
  const sources = { in: { source: 'push', inputs, lines: [], file: new Uint8Array() } } as const;
  const core = await runGraphOnCore({ plan, sources, sinks: { out: 'poll' }, options: { pin: false } }, { threads: 1 });
  expect(core.ledger.failure).toMatchObject({ stage: 'strict', sequence: 5 });
  expect(core.delivered.out?.map(latin1)).toEqual(['b', 'd']);
});
