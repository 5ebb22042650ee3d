import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SingleRingPlan } from '../../lib/plan/document.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { arbitraryRingPlan } from '../support/arbitrary-plan.js';
import { failedCounts, stageCounts } from '../support/stage-counts.js';
import { arbitrarySetup, type Setup, withReadableEgress } from './cases.js';
import { type Counts, Interpreter, type Outcome, type ShardOutcome } from './interpreter.js';
import { joinLines, type Line, splitLines } from './lines.js';
import { type CoreOutcome, runOnCore } from './run.js';

/**
 * Random plans, with stages whose failures drop or pass a record, and random records, on the core under each wait strategy and number of threads, against the interpreter.
 * A failure prints its seed and the smallest case it was shrunk to. BYTEOR_CONFORMANCE_RUNS: cases for each of them.
 */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 25);

interface Case {
  readonly plan: SingleRingPlan;
  readonly setup: Setup;
}

const arbitraryCase = (failing: boolean): fc.Arbitrary<Case> =>
  arbitraryRingPlan({ failing, onError: ['drop', 'pass'], maxStages: 12, maxShards: 5 })
    .map(withReadableEgress)
    .chain((plan) => arbitrarySetup(plan).map((setup) => ({ plan, setup })));

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const sorted = (records: readonly Uint8Array[]): string[] => records.map(latin1).sort();

/** What the ingress gets: the records as they are, or the lines of the file that their bytes are. */
function inputOf(setup: Setup): { readonly file: Uint8Array; readonly lines: readonly Line[] } {
  if (setup.source !== 'lines')
    return { file: new Uint8Array(), lines: setup.inputs.map(({ bytes }) => ({ bytes, terminator: '\n' })) };
  const file = Buffer.concat(
    setup.inputs.flatMap(({ bytes }, index) => {
      const last = index === setup.inputs.length - 1 && index % 2 === 0;
      return [bytes, Buffer.from(last ? '' : index % 5 === 3 ? '\r\n' : '\n')];
    }),
  );
  return { file, lines: splitLines(file) };
}

/** Where the egress says which shard a record comes from. */
const tellsShards = (setup: Setup): boolean => setup.sink === 'pollInPlace' || setup.sink === 'pollBatch';

function expectRecords({ plan, setup }: Case, expected: Outcome, core: CoreOutcome, lines: readonly Line[]): void {
  const { shards } = expected;
  const single = shards.length === 1;
  if (core.delivered !== undefined && (single || tellsShards(setup)))
    for (const [index, shard] of shards.entries())
      expect(core.delivered[index]?.map(latin1)).toEqual(shard.delivered.map(({ bytes }) => latin1(bytes)));
  else if (core.delivered !== undefined)
    expect(sorted(core.delivered.flat())).toEqual(
      sorted(shards.flatMap((shard) => shard.delivered.map((d) => d.bytes))),
    );
  if (core.written === undefined) return;
  const fixed = plan.boundaries.some(({ kind, codec }) => kind === 'ingress' && typeof codec === 'object');
  const asLine = ({ bytes, input }: ShardOutcome['delivered'][number]): Line => ({
    bytes,
    terminator: fixed ? '\n' : (lines[input]?.terminator ?? '\n'),
  });
  const all = shards.flatMap((shard) => shard.delivered.map(asLine));
  if (single) expect(latin1(core.written)).toEqual(latin1(joinLines(all)));
  else {
    const written = splitLines(core.written).map(({ bytes, terminator }) => latin1(bytes) + (terminator || '\n'));
    // A record with LF in it, which JavaScript can push, is several lines of the output.
    const wanted = splitLines(
      Buffer.concat(all.map((line) => joinLines([line, { bytes: new Uint8Array(), terminator: '' }]))),
    );
    expect(written.sort()).toEqual(wanted.map(({ bytes, terminator }) => latin1(bytes) + terminator).sort());
  }
}

const COUNTS = ['in', 'out', 'filtered', 'dropped', 'passedFailed', 'skipped'] as const;

const sumOf = (shards: readonly Counts[]): Counts =>
  Object.fromEntries(
    COUNTS.map((name) => [name, shards.reduce((sum, counts) => sum + counts[name], 0)]),
  ) as unknown as Counts;

function expectLedger(expected: Outcome, core: CoreOutcome): void {
  const { ledger } = core;
  for (const [id, counts] of Object.entries(ledger.stages)) {
    const { dropped, passedFailed, ...sum } = sumOf(expected.shards.flatMap((shard) => shard.stages.get(id) ?? []));
    expect({ id, ...counts }).toEqual({ id, ...stageCounts({ ...sum, ...failedCounts(dropped, passedFailed) }) });
  }
  const records = expected.shards.reduce((sum, shard) => sum + shard.taken.length, 0);
  const delivered = expected.shards.flatMap((shard) => shard.delivered);
  const [ingress, egress] = ['ingress', 'egress'].map((kind) =>
    Object.values(ledger.boundaries).find((boundary) => boundary.kind === kind),
  );
  expect(ingress).toMatchObject({ published: records, dropped: 0, too_large: 0, keyless: expected.keyless });
  expect(egress).toMatchObject({
    in: delivered.length,
    out: delivered.length,
    abandoned: 0,
    skipped: records - delivered.length,
    bytes: delivered.reduce((sum, { bytes }) => sum + bytes.length, 0),
  });
}

const balanced = ({ ledger }: CoreOutcome): void => {
  expect(ledger.imbalances).toEqual([]);
  expect(ledger.settled).toBe(true);
};

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
        balanced(core);
        const { failure } = core.ledger;
        const mayFail = expected.shards.filter((shard) => shard.failed !== undefined);
        expect(failure !== null).toBe(mayFail.length > 0);
        if (failure === null) return;
        const shard = expected.shards[failure.shard ?? 0] as ShardOutcome;
        expect(failure.sequence - (one.setup.options.firstSequence ?? 0)).toBe(shard.failed?.sequence);
        expect(shard.failed?.stages).toContain(failure.stage);
        expect(failure.cause).toMatch(/^reject: the record |^set_field: the field /);
        if (core.delivered !== undefined) expect(core.rejected?.failure).toEqual(failure);
        if (core.delivered === undefined || !(tellsShards(one.setup) || expected.shards.length === 1)) return;
        for (const [index, { delivered }] of expected.shards.entries()) {
          const received = core.delivered[index]?.map(latin1) as string[];
          const whole = delivered.map(({ bytes }) => latin1(bytes));
          // Other shards are closed at some moment, so they may end earlier.
          expect(received).toEqual(index === failure.shard ? whole : whole.slice(0, received.length));
        }
      }),
      { numRuns: RUNS * 3 },
    );
  });
});
