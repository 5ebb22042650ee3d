import { describe, expect, test } from 'vitest';
import { LayoutHeader, LayoutPart } from '../../lib/abi/definition.js';
import { type OpeningAsked, planOpening } from '../../lib/layout/opening.js';
import type { EndRunner } from '../../lib/layout/placement.js';
import { lower } from '../../lib/lower/index.js';
import type { Spec } from '../../lib/lower/spec.js';
import { graphs } from '../lower/graphs.js';
import { hexDump } from '../lower/hex.js';
import { chain, diamond, eight, fields, shards } from '../lower/plans.js';

const idsOf = (spec: Spec): readonly string[] =>
  spec.target === 'SingleRing' ? [spec.ingress.id, spec.egress.id] : spec.boundaries.map(({ id }) => id);

const asked = (spec: Spec, runner: EndRunner, more: Partial<OpeningAsked> = {}): OpeningAsked => ({
  sizes: { sequenceWords: true, laneBytes: spec.target === 'LaneGraph' ? 4096 : undefined },
  ends: Object.fromEntries(idsOf(spec).map((id) => [id, runner])),
  threads: 2,
  cpus: 2,
  ...more,
});

const plans: readonly (readonly [string, Spec])[] = [
  ...Object.entries({ chain, diamond, eight, shards, fields }).map(([name, plan]) => [name, lower(plan)] as const),
  ...Object.entries(graphs).map(([name, plan]) => [`graph-${name}`, lower(plan)] as const),
];

describe('the layout of an opening', () => {
  test.each(plans)('of %s is the golden one, which a native test reads', async (name, spec) => {
    const { layout } = planOpening(spec, asked(spec, 'native'));
    await expect(hexDump(layout)).toMatchFileSnapshot(`golden/${name}.layout.hex`);
  });

  test.each(plans)('of %s says what the memory table of describe says', (_, spec) => {
    const { layout, memory, placement } = planOpening(spec, asked(spec, 'js'));
    const view = new DataView(layout.buffer);
    const u64 = (field: keyof typeof LayoutHeader.offset) =>
      Number(view.getBigUint64(LayoutHeader.offset[field], true));
    expect([u64('region_bytes'), u64('observable_bytes')]).toEqual([memory.totalBytes, memory.observableBytes]);
    expect(view.getUint32(LayoutHeader.offset.thread_count, true)).toBe(placement.threads);
    const parts = view.getUint32(LayoutHeader.offset.part_count, true);
    const agents = view.getUint32(LayoutHeader.offset.agent_count, true);
    expect(layout.length).toBe(LayoutHeader.size + Math.ceil((agents * 4) / 8) * 8 + parts * LayoutPart.size);
  });

  test('is the same for the same plan and options', () => {
    const spec = lower(diamond);
    expect(planOpening(spec, asked(spec, 'js')).layout).toEqual(planOpening(spec, asked(spec, 'js')).layout);
  });
});
