/** An ordinal has 24 bits for the copies of a record: at that limit the order is right, past it a plan is refused. */
import { describe, expect, it } from 'vitest';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import { planOpening } from '../../lib/layout/opening.js';
import { lowerGraph } from '../../lib/lower/graph.js';
import { encodeSpec } from '../../lib/lower/index.js';
import type { Lane, LaneGraphPlan } from '../../lib/plan/document.js';
import { nativeAddon } from '../../lib/runtime/native.js';
import { open } from '../../lib/runtime/open.js';
import { checkOptions, planFacts } from '../../lib/runtime/options.js';
import { validate } from '../../lib/validate/validate.js';
import { compile } from '../../lib/version/version.js';
import { bitsOf, copiesOf, type Level, orderedLevels } from '../support/ordered-levels.js';

const DEADLINE_MS = 60_000;
const SMALLEST: Lane = { kind: 'Events', capacity_bytes: 128 };

/** `levels` narrow ones of so many ways, of which the last ones let every copy on. */
const levelsOf = (ways: number, levels: number, open: number): Level[] =>
  Array.from({ length: levels }, (_, level) => ({ ways, pass: level >= levels - open ? ways : 1 }));

async function runThrough(plan: LaneGraphPlan, records: readonly string[]): Promise<string[]> {
  const pipeline = open(compile(plan), { threads: 2, recordMax: 48, profile: 'default' });
  const got: string[] = [];
  const push = pipeline.ingress('in' as never) as PushHandle<string>;
  const poll = pipeline.egress('out' as never) as PollHandle<string>;
  const taking = (async () => {
    for await (const record of poll) got.push(record);
  })();
  for (const record of records) await push.push(record, { deadline: DEADLINE_MS });
  await Promise.all([pipeline.stop({ deadline: DEADLINE_MS }), taking]);
  return got;
}

describe('copies at the limit of an ordinal', () => {
  it.each([
    [2, 24, 3],
    [3, 12, 2],
    [4, 12, 2],
    [5, 8, 1],
    [7, 8, 1],
    [8, 8, 1],
    [9, 6, 1],
    [16, 6, 1],
  ])('come in the order of the connections: %i ways, %i levels', async (ways, count, passing) => {
    const levels = levelsOf(ways, count, passing);
    expect(levels.reduce((sum, level) => sum + bitsOf(level), 0)).toBe(24);
    const records = Array.from({ length: 40 }, (_, index) => `r${index} `);
    const got = await runThrough(orderedLevels(levels, SMALLEST), records);
    expect(got).toEqual(records.flatMap((record) => copiesOf(record, levels)));
  });

  it('have one bit for two ways more, and are refused with it', () => {
    for (const [ways, count] of [
      [2, 24],
      [3, 12],
      [7, 8],
      [16, 6],
    ] as const) {
      const levels = levelsOf(ways, count, 1);
      expect(validate(orderedLevels(levels)).ok).toBe(true);
      const more = orderedLevels([...levels, { ways: 2, pass: 2 }]);
      expect(validate(more).diagnostics.map(({ code, path }) => [code, path])).toEqual([
        ['ORDERED_BITS', '/lane_graph/boundary_policy/out'],
      ]);
    }
  });

  it('are refused by the core too, which does not trust that validation has counted', () => {
    const plan = orderedLevels(levelsOf(2, 25, 1));
    const { native, sizes, threads } = checkOptions({ threads: 2 }, planFacts(plan));
    const complete = {
      ...native,
      plugins: [],
      stageWorkers: [],
      lettersFed: '',
      versionId: '0'.repeat(64),
      note: '{}',
      external: true,
    };
    const { spec } = lowerGraph(plan);
    const { layout } = planOpening(spec, { sizes, threads, ends: {}, cpus: 2 });
    const start = () => nativeAddon().open(encodeSpec(spec), layout, complete, () => {});
    expect(start).toThrow(/the Ordered merges need more bits of an ordinal than there are/);
  });
});
