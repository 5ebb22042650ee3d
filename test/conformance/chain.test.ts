import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ledger } from '../../lib/region/counts.js';
import { asLaneGraph } from '../../lib/view/as-lane-graph.js';
import { checked } from '../lower/plans.js';
import { arbitraryRingPlan } from '../support/arbitrary-plan.js';
import { arbitrarySetup, withReadableEgress } from './cases.js';
import { runOnCore } from './run.js';
import { runGraphOnCore } from './run-graph.js';

/** A chain on one ring, and the graph that it can be said as: the same records come out, and the same is counted. */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 20);

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const chains = arbitraryRingPlan({
  failing: false,
  onError: ['drop', 'pass'],
  maxStages: 6,
  maxShards: 1,
  structs: false,
})
  .map(withReadableEgress)
  .map((plan) => {
    const { stages } = plan.single_ring;
    const line = stages.map(({ stage }, at) => ({ stage, depends_on: at === 0 ? [] : [stages[at - 1]?.stage ?? ''] }));
    return { ...plan, single_ring: { ...plan.single_ring, stages: line } };
  });

const cases = chains.chain((plan) => arbitrarySetup(plan).map((setup) => ({ plan, setup })));

/** Of each stage what it took and gave; what a ring calls skipped never reaches a stage of a graph. */
const work = ({ stages }: Ledger) =>
  Object.fromEntries(
    Object.entries(stages).map(([id, { in: reached, out, filtered, causes }]) => [
      id,
      { reached, out, filtered, causes },
    ]),
  );

test.each([1, 2])('gives the same on a ring and as a graph, on %i threads', async (threads) => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ plan, setup }) => {
      const [ingress, egress] = ['ingress', 'egress'].map(
        (kind) => plan.boundaries.find((end) => end.kind === kind)?.id,
      );
      const inputs = { ...setup, source: 'push', sink: 'pollInPlace' } as const;
      const ring = await runOnCore(plan, inputs, { threads }, new Uint8Array());
      const { capacity: _, arenaBytes: __, publication: ___, ...options } = setup.options;
      const sources = { [ingress as string]: { ...inputs, lines: [], file: new Uint8Array() } };
      const sinks = { [egress as string]: inputs.sink };
      const graph = await runGraphOnCore(
        { plan: asLaneGraph(checked(plan)), sources, sinks, options, hosting: setup.hosting },
        { threads },
      );
      expect(graph.delivered[egress as string]?.map(latin1)).toEqual(ring.delivered?.flat().map(latin1));
      expect(work(graph.ledger)).toEqual(work(ring.ledger));
      expect(graph.reports).toEqual(ring.reports);
      expect([graph.ledger.balanced, ring.ledger.balanced]).toEqual([true, true]);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 90_000 },
  );
});
