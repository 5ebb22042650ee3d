import { expect, test } from 'vitest';
import { type EndedRun, exitCodeOf, runFacts } from '../../lib/cli/run/result.js';
import type { Ledger } from '../../lib/region/counts.js';
import { stageCounts } from '../support/stage-counts.js';

/** A run of three records of which one was filtered. */
function run(changes: Partial<Ledger> = {}, records: { in: number; out: number } = { in: 3, out: 2 }): EndedRun {
  const ledger: Ledger = {
    balanced: true,
    settled: true,
    boundaries: {
      in: { kind: 'ingress', published: 3, bytes: 30, dropped: 0, too_large: 0, keyless: 0 },
      out: { kind: 'egress', in: 2, out: 2, abandoned: 0, skipped: 1, bytes: 20 },
    },
    stages: { keep: stageCounts({ in: 3, out: 2, filtered: 1, skipped: 0 }) },
    inserted: {},
    lanes: {},
    imbalances: [],
    failure: null,
    ...changes,
  };
  const lines = { kind: 'lines', path: '-' };
  const adapters = {
    in: { ...lines, bytes: 33, records: records.in, input_bytes: 33 },
    out: { ...lines, bytes: 22, records: records.out, unwritten: 0, reader_gone: false },
  };
  const sizes = { capacity: 8, record_max: 64, arena_bytes: 1024 };
  const status = { threads: [], requests: [], region: { bytes: 0, path: '' }, sizes, adapters, stages: [] };
  return { ledger, status, journals: {}, reports: {}, seconds: 1, signal: undefined };
}

const FAILURE = { stage: 'keep', shard: 0, sequence: 1, cause: 'why' };
const IMBALANCE = { at: 'keep', shard: 0, equation: 'published = in + skipped', left: 3, right: 2 };

test('bytes are those of the files, terminators included', () => {
  expect(runFacts(run())).toMatchObject({ ok: true, records_in: 3, records_out: 2, bytes_in: 33, bytes_out: 22 });
});

test('a ledger that does not balance is exit code 4, but only where that was asserted', () => {
  const facts = runFacts(run({ balanced: false, imbalances: [IMBALANCE] }));
  expect(facts).toMatchObject({ ok: false, ledger: { balanced: false, imbalances: [IMBALANCE] } });
  expect([exitCodeOf(facts, undefined, true), exitCodeOf(facts, undefined, false)]).toEqual([4, 0]);
});

test('a failure wins over a ledger that does not balance, and both over a signal', () => {
  const failed = runFacts(run({ failure: FAILURE, balanced: false, imbalances: [IMBALANCE] }));
  expect(failed).toMatchObject({ ok: false, failure: FAILURE });
  expect(exitCodeOf(failed, 'SIGINT', true)).toBe(3);
  expect(exitCodeOf(runFacts(run({ imbalances: [IMBALANCE] })), 'SIGTERM', true)).toBe(4);
});

test('a signal decides the exit code where nothing went wrong', () => {
  const facts = runFacts(run());
  expect([exitCodeOf(facts, 'SIGINT', true), exitCodeOf(facts, 'SIGTERM', true)]).toEqual([130, 143]);
});

test('an adapter that counted otherwise than the ring is an imbalance', () => {
  expect(runFacts(run({}, { in: 4, out: 2 })).ledger).toMatchObject({
    balanced: false,
    imbalances: [{ at: 'in', equation: 'records read = published', left: 4, right: 3 }],
  });
  expect(runFacts(run({}, { in: 3, out: 1 })).ledger).toMatchObject({
    imbalances: [{ at: 'out', equation: 'records written = out', left: 1, right: 2 }],
  });
});
