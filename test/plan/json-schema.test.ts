import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configJsonSchema, type JsonSchema, planJsonSchema } from '../../lib/plan/json-schema.js';
import { OP_CATALOG, type OpEntry } from '../../lib/plan/op-catalog.js';
import { arbitraryPlan } from '../support/arbitrary-plan.js';
import { arbitraryChoices } from '../support/choices.js';
import { matchesSchema } from '../support/json-schema-check.js';
import { mutated, placesOf, removed } from '../support/mutations.js';
import { planSchema } from '../support/plan-schema.js';

const schema = planJsonSchema();
const accepts = (document: unknown) => matchesSchema(schema, schema, document);

describe('the JSON Schema of the document', () => {
  it('says which dialect it is written in and refers only to what it defines', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    const defined = Object.keys(schema.$defs as object).map((name) => `#/$defs/${name}`);
    const referred = placesOf(schema).filter(({ path }) => path.endsWith('/$ref'));
    expect(new Set(referred.map(({ value }) => value))).toEqual(new Set(defined));
  });

  it('is the same each time and is not shared', () => {
    expect(planJsonSchema()).toEqual(schema);
    expect(planJsonSchema()).not.toBe(schema);
  });

  it('accepts every valid plan', () => {
    fc.assert(
      fc.property(arbitraryPlan({ callerOps: true }), (plan) => {
        expect(accepts(plan)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what the schema of single values refuses', () => {
    const edits = fc.tuple(arbitraryPlan(), arbitraryChoices(20)).map(([plan, choices]) => mutated(plan, choices));
    fc.assert(
      fc.property(edits, (document) => {
        // A whole number beyond 2^53 is the one thing that only zod knows, and text is bounded in bytes there.
        if (!planSchema.safeParse(document).success) expect(accepts(document)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a payload that is missing', '/single_ring'],
    ['a config that the op needs', '/stages/0/config'],
  ])('refuses a plan without %s', (_, path) => {
    const plan = {
      version: 2,
      name: 'x',
      target: 'SingleRing',
      stages: [{ id: 'a', op: 'filter', config: { contains: 'x' } }],
      boundaries: [],
      single_ring: { stages: [{ stage: 'a' }] },
    };
    expect(accepts(plan)).toBe(true);
    expect(accepts(removed(plan, path))).toBe(false);
    expect(accepts({ ...plan, lane_graph: {} })).toBe(false);
    expect(accepts({ ...plan, stages: [{ id: 'a', op: 'filter', config: { contains: 'x', equals: 'y' } }] })).toBe(
      false,
    );
    expect(accepts({ ...plan, stages: [{ id: 'a', op: 'upper' }] })).toBe(false);
    expect(accepts({ ...plan, single_ring: { stages: [{ stage: 'a' }], producer: 'Mpmc' } })).toBe(false);
    expect(accepts({ ...plan, single_ring: { stages: [{ stage: 'a' }], scheduling: 'WorkQueue' } })).toBe(false);
  });

  it('describes every field of every map', () => {
    const fields = placesOf(schema).filter(
      ({ path }) => /\/properties\/[^/]+$/.test(path) && !path.includes('/if/') && !path.includes('/then/'),
    );
    const silent = fields.filter(({ value }) => {
      const field = value as JsonSchema;
      return field.description === undefined && field.$ref === undefined;
    });
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('gives the config of one op by itself', () => {
    expect(configJsonSchema(OP_CATALOG.get('append') as OpEntry)).toEqual({
      type: 'object',
      properties: { text: { type: 'string', description: 'UTF-8 text.' } },
      required: ['text'],
      additionalProperties: false,
    });
  });
});
