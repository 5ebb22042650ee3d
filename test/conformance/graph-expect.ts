/** What a run of a LaneGraph must have given, from the interpreter's outcome. */
import { expect } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { type GraphCase, linesOf } from './graph-cases.js';
import { type Flow, GraphInterpreter, type GraphOutcome, type Item, type OwnerOutcome } from './graph-interpreter.js';
import { expectConserved, expectExactLedger } from './graph-ledger.js';
import { joinLines, splitLines } from './lines.js';
import { CAUSES, sortedLetters } from './op-model.js';
import type { GraphCoreOutcome } from './run-graph.js';

export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
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

export function expectEverything(one: GraphCase, core: GraphCoreOutcome): void {
  const expected = new GraphInterpreter(one.plan).run({ records: linesOf(one) });
  expectConserved(one.plan, core.ledger);
  expect(core.ledger.failure).toBeNull();
  for (const [id, records] of Object.entries(core.delivered))
    expectDelivered(id, expected.owners.get(id) as never, records.map(latin1));
  for (const [id, file] of Object.entries(core.written))
    expectWritten(id, expected.owners.get(id)?.inlet as Flow, file);
  expectExactLedger(one.plan, expected, core.ledger);
  const letters = [...expected.owners.values()].flatMap((owner) => owner.letters);
  expect(core.letters).toEqual(sortedLetters(letters, one.options.firstSequence));
  for (const { id } of one.plan.stages)
    if (isCertain(one, expected, id))
      expect({ id, report: core.reports[id] }).toEqual({ id, report: expected.owners.get(id)?.report });
}

/** What came out is part of what would have come out, in the same order where there is one. */
export function expectPart(expected: GraphOutcome, core: GraphCoreOutcome): void {
  for (const [id, records] of Object.entries(core.delivered)) {
    const { items, exact } = (expected.owners.get(id) as OwnerOutcome).inlet;
    const [got, whole] = [records.map(latin1), texts(items)];
    if (exact) expectSubsequence(got, whole, `egress "${id}"`);
    else expectSubsequence([...got].sort(), [...whole].sort(), `egress "${id}", sorted`);
    expect({ id, out: got.length }).toEqual({ id, out: (core.ledger.boundaries[id] as { out: number }).out });
  }
}

/** Stages that fail a record when all before them work; what each may name. */
function failures(
  one: GraphCase,
  expected: GraphOutcome,
): { readonly stage: string; readonly exact: boolean; readonly failing: OwnerOutcome['failing'] }[] {
  return one.plan.stages.flatMap(({ id }) => {
    const { failing = [], inlet } = expected.owners.get(id) ?? {};
    return failing.length === 0 ? [] : [{ stage: id, exact: inlet?.exact === true, failing }];
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

/** The first failing stage is named, what is behind it drains, everything is counted. */
export function expectStopped(one: GraphCase, core: GraphCoreOutcome): void {
  const records = linesOf(one);
  const expected = new GraphInterpreter(one.plan).run({ records });
  expectConserved(one.plan, core.ledger);
  const possible = failures(one, expected);
  const { failure } = core.ledger;
  expect(failure !== null).toBe(possible.length > 0);
  if (failure === null) {
    expectEverything(one, core);
    return;
  }
  const named = possible.find(({ stage }) => stage === failure.stage);
  const place = failure.sequence - (one.options.firstSequence ?? 0);
  const [first, ...rest] = named?.failing ?? [];
  const ones = (named?.exact === true ? [first] : [first, ...rest]).filter((item) => item?.item.place === place);
  expect({ stage: failure.stage, place, codes: ones.length > 0 }).toEqual({ stage: named?.stage, place, codes: true });
  expect(ones.filter((item) => CAUSES[item?.code ?? '']?.test(failure.cause)).length, failure.cause).toBeGreaterThan(0);
  expectPart(expected, core);
  for (const error of Object.values(core.rejected)) expect(error?.failure).toEqual(failure);
  if (possible.length > 1 || named?.exact !== true || first === undefined) return;
  const inlet = expected.owners.get(failure.stage)?.inlet.items ?? [];
  const stopAt = { [failure.stage]: inlet.indexOf(first.item) };
  const cut = new GraphInterpreter(one.plan).run({ records, stopAt });
  for (const id of behind(one.plan, failure.stage))
    if (core.delivered[id] !== undefined)
      expectDelivered(id, cut.owners.get(id) as never, core.delivered[id].map(latin1));
}
