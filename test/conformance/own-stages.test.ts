import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OnError, SingleRingPlan } from '../../lib/plan/document.js';
import { validate } from '../../lib/validate/validate.js';
import { arbitraryRingPlan, type PlanShape } from '../support/arbitrary-plan.js';
import { arbitrarySetup, withReadableEgress } from './cases.js';
import { arbitraryGraphCase, type CaseShape, linesOf } from './graph-cases.js';
import { expectEverything, expectPart, expectStopped } from './graph-expect.js';
import { GraphInterpreter } from './graph-interpreter.js';
import { expectConserved } from './graph-ledger.js';
import { Interpreter } from './interpreter.js';
import { sortedLetters } from './op-model.js';
import * as ring from './ring-expect.js';
import { runOnCore } from './run.js';
import { runGraphOnCore } from './run-graph.js';

/**
 * Random plans of both targets with functions of JavaScript, on the opener's thread and in workers, and plug-ins among the
 * built-in stages, with every policy for the records that fail. BYTEOR_CONFORMANCE_RUNS: cases for each test.
 */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 25);

const limited = (numRuns: number) => ({ numRuns, interruptAfterTimeLimit: 90_000 });
const machine = fc.record({
  wait: fc.constantFrom('adaptive', 'spin', 'yield', 'park'),
  threads: fc.constantFrom(1, 2, 3),
} as const);

const POLICIES: readonly Exclude<OnError, 'stop'>[] = ['drop', 'pass', 'dead_letter'];
const SHAPE: PlanShape = { own: true, json: true, failing: false, onError: POLICIES };

const ringCase = (shape: PlanShape): fc.Arbitrary<ring.Case> =>
  arbitraryRingPlan({ ...SHAPE, maxStages: 7, maxShards: 4, ...shape })
    .map(withReadableEgress)
    .chain((plan) => arbitrarySetup(plan).map((setup) => ({ plan, setup })));

/** A plan that needs more bits of ordinals than there are is refused. */
const graphCase = (shape: CaseShape) =>
  arbitraryGraphCase({ ...SHAPE, ...shape }).filter(({ plan }) => validate(plan).ok);

function run(one: ring.Case) {
  const { file, lines } = ring.inputOf(one.setup);
  return { file, lines, expected: new Interpreter(one.plan as SingleRingPlan).run(lines.map(({ bytes }) => bytes)) };
}

describe('a ring with code of its author', () => {
  test('gives what the interpreter gives, and a letter of each record that fails under dead_letter', async () => {
    await fc.assert(
      fc.asyncProperty(ringCase({}), machine, async (one, more) => {
        const { file, lines, expected } = run(one);
        const core = await runOnCore(one.plan, one.setup, more, file);
        ring.balanced(core);
        expect(core.ledger.failure).toBeNull();
        ring.expectRecords(one, expected, core, lines);
        ring.expectLedger(expected, core);
        expect(core.reports).toEqual(expected.reports);
        expect(core.letters).toEqual(sortedLetters(expected.letters, one.setup.options.firstSequence));
      }),
      limited(RUNS * 2),
    );
  });

  test('stops at the first record that fails under stop, and what is before it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(ringCase({ failing: true, maxStages: 4 }), machine, async (one, more) => {
        const { file, expected } = run(one);
        ring.expectStopped(one, expected, await runOnCore(one.plan, one.setup, more, file));
      }),
      limited(RUNS),
    );
  });
});

describe('a graph with code of its author', () => {
  test('gives what the interpreter gives, and a letter of each record that fails under dead_letter', async () => {
    await fc.assert(
      fc.asyncProperty(graphCase({ maxStages: 6 }), machine, async (one, more) =>
        expectEverything(one, await runGraphOnCore(one, more)),
      ),
      limited(RUNS * 2),
    );
  });

  test('stops at a record that fails under stop, and what is behind its stage drains', async () => {
    await fc.assert(
      fc.asyncProperty(graphCase({ failing: true, maxStages: 4 }), machine, async (one, more) =>
        expectStopped(one, await runGraphOnCore(one, more)),
      ),
      limited(RUNS),
    );
  });

  test('loses nothing uncounted where lanes drop', async () => {
    await fc.assert(
      fc.asyncProperty(graphCase({ drops: true, maxStages: 6 }), machine, async (one, more) => {
        const expected = new GraphInterpreter(one.plan).run({ records: linesOf(one) });
        const core = await runGraphOnCore(one, more);
        expectConserved(one.plan, core.ledger);
        expect(core.ledger.failure).toBeNull();
        expectPart(expected, core);
      }),
      limited(RUNS),
    );
  });
});
