import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { arbitraryGraphCase, type CaseShape, linesOf } from './graph-cases.js';
import { expectEverything, expectPart, expectStopped, latin1 } from './graph-expect.js';
import { GraphInterpreter } from './graph-interpreter.js';
import { expectConserved } from './graph-ledger.js';
import { ON_OPENER } from './own-code.js';
import { runGraphOnCore } from './run-graph.js';

/**
 * Random LaneGraph plans and random records, in lanes that are hardly larger than their longest record, on the core under
 * each wait strategy and number of threads, against the interpreter. A failure prints its seed and the smallest case it
 * was shrunk to. BYTEOR_CONFORMANCE_RUNS: cases for each of them.
 */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 20);

/** A machine under load runs fewer cases; and what fails is shrunk no longer than a test may take. */
const limited = (numRuns: number) => ({ numRuns, interruptAfterTimeLimit: 90_000 });

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

describe.each(THREADS)('a record that fails, on %i threads', (threads) => {
  test('stops the graph: the first failing stage is named, what is behind it drains, everything is counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryGraphCase({ maxStages: 5, failing: true, texts: ['a', 'e', '1'] }),
        fc.constantFrom(...WAITS),
        async (one, wait) => expectStopped(one, await runGraphOnCore(one, { wait, threads })),
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
  const core = await runGraphOnCore(
    { plan, sources, sinks: { out: 'poll' }, options: { pin: false }, hosting: ON_OPENER },
    { threads: 1 },
  );
  expect(core.ledger.failure).toMatchObject({ stage: 'strict', sequence: 5 });
  expect(core.delivered.out?.map(latin1)).toEqual(['b', 'd']);
});
