import { describe, expect, it } from 'vitest';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { OP_CATALOG } from '../../lib/plan/op-catalog.js';
import { parsePlan } from '../../lib/plan/parse.js';
import { type ValidateOptions, validate, validateText } from '../../lib/validate/validate.js';
import { compile } from '../../lib/version/version.js';
import { edited, GRAPH, RING } from './plans.js';

/** A plan with a warning: one shard has no use for a key. */
const WARNED = edited(RING, ['single_ring:\n', 'single_ring:\n  shard_key: { kind: bytes, offset: 0, length: 4 }\n']);

function checked(text: string, options?: ValidateOptions): PipelinePlanV2 {
  const result = validateText(text, options);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.plan;
}

describe('a plan that was checked before', () => {
  it('is the plan of the version that compile makes of it, and not a copy', () => {
    const plan = checked(RING);
    expect(compile(plan).plan).toBe(plan);
    expect(compile(structuredClone(plan)).plan).not.toBe(plan);
  });

  it('has the warnings that its copy has', () => {
    const plan = checked(WARNED);
    const again = validate(plan);
    expect(again.diagnostics.map(({ code }) => code)).toContain('RING_SHARD_KEY_UNUSED');
    expect(again).toEqual(validate(structuredClone(plan)));
  });

  it('is checked again where the runtime has other features', () => {
    const plan = checked(GRAPH);
    expect(validate(plan, { features: { lane_graph_fanout: true } }).ok).toBe(true);
    expect(validate(plan, { features: { lane_graph_journal: false } }).ok).toBe(false);
    expect(() => compile(plan, { features: { lane_graph_journal: false } })).toThrow(/Journal/);
  });

  it('is checked again against another catalog', () => {
    const plan = checked(RING);
    const catalog = new Map([...OP_CATALOG].filter(([op]) => op !== 'filter'));
    expect(validate(plan, { catalog }).diagnostics.map(({ code }) => code)).toContain('OP_UNKNOWN');
  });

  it('is looked at anew where it comes as a text, whose positions it then has', () => {
    const parsed = parsePlan(WARNED);
    expect(validate(parsed as unknown).diagnostics[0]?.line).toBeDefined();
    expect(validate(parsed as unknown)).toEqual(validate(parsed as unknown));
  });

  it('that has errors is not remembered', () => {
    const plan = Object.freeze({ version: 2 });
    expect(validate(plan).ok).toBe(false);
    expect(validate(plan)).toEqual(validate(plan));
  });
});
