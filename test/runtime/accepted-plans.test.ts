/** A plan that validation accepts lowers, and starts: whatever slip of the pen it went through. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { functionOf, isCallerOp } from '../../lib/plan/op-catalog.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { validate } from '../../lib/validate/validate.js';
import { compile } from '../../lib/version/version.js';
import { arbitraryPlan } from '../support/arbitrary-plan.js';
import { arbitraryChoices } from '../support/choices.js';
import { mutated } from '../support/mutations.js';
import { decodeSpec } from '../support/spec/decode.js';

const RUNS = Number(process.env.BYTEOR_ACCEPTED_RUNS ?? 150);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'byteor-accepted-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Egresses are discarded, so that a pipeline has nobody to wait for; a journal has a folder of its own each time. */
function optionsFor(plan: PipelinePlanV2, run: number): OpenOptions {
  const egresses = plan.boundaries.filter(({ kind }) => kind === 'egress');
  const journals =
    plan.target === 'LaneGraph' && plan.lane_graph.connections.some(({ lane }) => lane.kind === 'Journal');
  return {
    threads: 1,
    ports: Object.fromEntries(egresses.map(({ id }) => [id, 'discard' as const])),
    ...(plan.target === 'SingleRing' ? { capacity: 2 } : { recordMax: 4096 }),
    ...(journals ? { journal: { folder: join(folder, String(run)) } } : {}),
  };
}

function startsOrRefuses(plan: PipelinePlanV2, run: number): void {
  const version = compile(plan);
  expect(decodeSpec(version.spec)).toEqual(version.lowered);
  const names = plan.stages.flatMap(({ op }) => functionOf(op) ?? []);
  const stages = Object.fromEntries(names.map((name) => [name, () => undefined]));
  const start = () => open(version, { ...optionsFor(plan, run), stages });
  if (plan.stages.some(({ op }) => isCallerOp(op) && functionOf(op) === undefined)) {
    expect(start).toThrow(expect.objectContaining({ code: 'OP_UNAVAILABLE' }));
    return;
  }
  start().halt();
}

const plans = arbitraryPlan({ callerOps: true, maxStages: 6, maxShards: 3 });

test(`of ${RUNS} plans with up to two slips of the pen, each one that is accepted starts`, () => {
  let run = 0;
  let accepted = 0;
  fc.assert(
    fc.property(plans, fc.integer({ min: 0, max: 2 }), arbitraryChoices(40), (plan, edits, choices) => {
      let document: unknown = plan;
      for (let edit = 0; edit < edits; edit++) document = mutated(document, choices);
      if (!validate(document).ok) return;
      accepted += 1;
      startsOrRefuses(document as PipelinePlanV2, run++);
    }),
    { numRuns: RUNS },
  );
  expect(accepted).toBeGreaterThan(RUNS / 4);
});
