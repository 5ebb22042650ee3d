/** What a run of a SingleRing must have given, from the interpreter's outcome. */
import { expect } from 'vitest';
import type { SingleRingPlan } from '../../lib/plan/document.js';
import type { Setup } from './cases.js';
import type { Outcome, ShardOutcome } from './interpreter.js';
import { joinLines, type Line, splitLines } from './lines.js';
import { CAUSES, countsOf, Tally } from './op-model.js';
import type { CoreOutcome } from './run.js';

export interface Case {
  readonly plan: SingleRingPlan;
  readonly setup: Setup;
}

export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const sorted = (records: readonly Uint8Array[]): string[] => records.map(latin1).sort();

/** What the ingress gets: the records as they are, or the lines of the file that their bytes are. */
export function inputOf(setup: Setup): { readonly file: Uint8Array; readonly lines: readonly Line[] } {
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
export const tellsShards = (setup: Setup): boolean => setup.sink === 'pollInPlace' || setup.sink === 'pollBatch';

export function expectRecords(
  { plan, setup }: Case,
  expected: Outcome,
  core: CoreOutcome,
  lines: readonly Line[],
): void {
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

export function expectLedger(expected: Outcome, { ledger }: CoreOutcome): void {
  for (const [id, counts] of Object.entries(ledger.stages)) {
    const tally = Tally.sum(expected.shards.flatMap((shard) => shard.stages.get(id) ?? []));
    expect({ id, ...counts }).toEqual({ id, ...countsOf(tally), skipped: tally.skipped });
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

export const balanced = ({ ledger }: CoreOutcome): void => {
  expect(ledger.imbalances).toEqual([]);
  expect(ledger.settled).toBe(true);
};

/** The first failure of all, what arrived before it, and nothing that was behind it. */
export function expectStopped(one: Case, expected: Outcome, core: CoreOutcome): void {
  balanced(core);
  const { failure } = core.ledger;
  const mayFail = expected.shards.filter((shard) => shard.failed !== undefined);
  expect(failure !== null).toBe(mayFail.length > 0);
  if (failure === null) return;
  const { sequence, stages = [] } = expected.shards[failure.shard ?? 0]?.failed ?? {};
  expect(failure.sequence - (one.setup.options.firstSequence ?? 0)).toBe(sequence);
  const named = stages.find(({ id }) => id === failure.stage);
  expect({ named: failure.stage, code: named?.code }).toEqual({ named: named?.id, code: expect.any(String) });
  expect(failure.cause).toMatch(CAUSES[named?.code ?? ''] as RegExp);
  if (core.delivered !== undefined) expect(core.rejected?.failure).toEqual(failure);
  if (core.delivered === undefined || !(tellsShards(one.setup) || expected.shards.length === 1)) return;
  for (const [index, { delivered }] of expected.shards.entries()) {
    const received = core.delivered[index]?.map(latin1) as string[];
    const whole = delivered.map(({ bytes }) => latin1(bytes));
    // Other shards are closed at some moment, so they may end earlier.
    expect(received).toEqual(index === failure.shard ? whole : whole.slice(0, received.length));
  }
}
