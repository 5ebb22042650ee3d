import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { arbitraryRingPlan } from '../support/arbitrary-plan.js';
import { arbitrarySetup, withReadableEgress } from './cases.js';
import { Interpreter } from './interpreter.js';
import { balanced, type Case, expectLedger, expectRecords, expectStopped, inputOf } from './ring-expect.js';
import { runOnCore } from './run.js';

/**
 * Random plans, with stages whose failures drop or pass a record, and random records, on the core under each wait strategy and number of threads, against the interpreter.
 * A failure prints its seed and the smallest case it was shrunk to. BYTEOR_CONFORMANCE_RUNS: cases for each of them.
 */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 25);

const arbitraryCase = (failing: boolean): fc.Arbitrary<Case> =>
  arbitraryRingPlan({ failing, onError: ['drop', 'pass'], maxStages: 12, maxShards: 5 })
    .map(withReadableEgress)
    .chain((plan) => arbitrarySetup(plan).map((setup) => ({ plan, setup })));

const WAITS = ['adaptive', 'spin', 'yield', 'park'] as const;
const THREADS = [1, 2, 3] as const;

/** The whole comparison for cases in which no record stops the pipeline. */
async function expectConformance(more: OpenOptions, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitraryCase(false), async (one) => {
      const { file, lines } = inputOf(one.setup);
      const expected = new Interpreter(one.plan).run(lines.map(({ bytes }) => bytes));
      const core = await runOnCore(one.plan, one.setup, more, file);
      balanced(core);
      expect(core.ledger.failure).toBeNull();
      expectRecords(one, expected, core, lines);
      expectLedger(expected, core);
      expect(core.reports).toEqual(expected.reports);
    }),
    { numRuns },
  );
}

describe.each(WAITS)('waiting by %s', (wait) => {
  test.each(THREADS)('on %i threads every plan gives what the interpreter gives', (threads) =>
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

  test('every plan gives what the interpreter gives', () => expectConformance({ threads: 2 }, RUNS * 2));
});

describe.each(THREADS)('a record that fails, on %i threads', (threads) => {
  test('stops the run: what is before it in its shard arrives, and nothing after it', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCase(true), fc.constantFrom(...WAITS), async (one, wait) => {
        const { file, lines } = inputOf(one.setup);
        const expected = new Interpreter(one.plan).run(lines.map(({ bytes }) => bytes));
        const core = await runOnCore(one.plan, one.setup, { wait, threads }, file);
        expectStopped(one, expected, core);
      }),
      { numRuns: RUNS * 3 },
    );
  });
});
