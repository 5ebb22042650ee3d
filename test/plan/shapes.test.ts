import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { SCHEMAS, shapesText } from '../../lib/plan/generate-shapes.js';
import { OP_CATALOG } from '../../lib/plan/op-catalog.js';
import { fits, type Shape } from '../../lib/plan/shape.js';
import * as shapes from '../../lib/plan/shapes.js';
import { arbitraryPlan } from '../support/arbitrary-plan.js';
import { arbitraryChoices } from '../support/choices.js';
import { mutated } from '../support/mutations.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PATH = 'lib/plan/shapes.ts';

const shapeOf = (name: string): Shape => (shapes as Readonly<Record<string, Shape>>)[name] as Shape;
const plans = arbitraryPlan({ callerOps: true, maxStages: 12 });

interface Place {
  readonly target?: unknown;
  readonly stages?: unknown;
}

/** Each schema with the values that stand in its places in a document, as far as the document has such places. */
function* valuesIn(document: unknown): Generator<[name: string, value: unknown]> {
  const { target, stages } = (document ?? {}) as Place;
  yield [target === 'LaneGraph' ? 'laneGraphPlan' : 'singleRingPlan', document];
  for (const { op, config } of Array.isArray(stages) ? stages.filter((stage) => stage instanceof Object) : []) {
    const entry = OP_CATALOG.get(op);
    const name = Object.keys(SCHEMAS).find((known) => SCHEMAS[known] === entry?.config);
    if (name !== undefined) yield [name, config];
  }
}

describe('the tables of the quick check', () => {
  it('are those of the schemas', () => {
    const biome = join(root, 'node_modules', '.bin', 'biome');
    const formatted = execFileSync(biome, ['format', `--stdin-file-path=${PATH}`], { cwd: root, input: shapesText() });
    expect(readFileSync(join(root, PATH), 'utf8'), 'run `npm run shapes`').toBe(formatted.toString());
  });

  it('accept every plan that the schemas accept, so that zod need not load for it', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const [name, value] of valuesIn(plan))
          if (value !== undefined) expect([name, fits(shapeOf(name), value)]).toEqual([name, true]);
      }),
      { numRuns: 200 },
    );
  });

  it('accept nothing that the schemas refuse', () => {
    let refused = 0;
    fc.assert(
      fc.property(plans, arbitraryChoices(4), (plan, choices) => {
        for (const [name, value] of valuesIn(mutated(plan, choices))) {
          const accepted = SCHEMAS[name]?.safeParse(value).success;
          if (accepted === false) refused += 1;
          expect([name, fits(shapeOf(name), value) && accepted === false]).toEqual([name, false]);
        }
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it.each([
    ['a field that is undefined', { contains: 'x', invert: undefined }],
    ['two fields of which one may stand', { contains: 'x', equals: 'y' }],
    ['a field that only a prototype has', Object.create({ contains: 'x' })],
    ['a field `__proto__`', JSON.parse('{ "contains": "x", "__proto__": 1 }')],
    ['a list', ['x']],
    ['null', null],
  ])('do not accept a config with %s', (_, config) => {
    expect(fits(shapes.matchConfig, { contains: 'x' })).toBe(true);
    expect(fits(shapes.matchConfig, config)).toBe(false);
  });

  it('do not accept a list with a hole', () => {
    const fields = [{ name: 'a', type: 'u8' }];
    expect(fits(shapes.codec, { kind: 'struct', fields })).toBe(true);
    fields.length = 2;
    expect(fits(shapes.codec, { kind: 'struct', fields })).toBe(false);
  });
});

describe('the generator refuses', () => {
  it.each([
    [
      'a refinement that says nothing of itself',
      z.string().refine((text) => text !== 'x'),
      /a refinement that does not say/,
    ],
    ['a map that may have other fields', z.object({}), /a map that may have other fields/],
    ['a rule that it does not know', z.string().max(3), /the rule "max_length"/],
    ['a pattern that keeps a state', z.string().regex(/x/g), /the format regex/],
    ['a format of zod', z.email(), /the format email/],
    ['a number that is not whole', z.number(), /numbers that are not whole/],
    ['a kind of schema that it does not know', z.date(), /the schema "date"/],
    ['a text that is made of other values', z.coerce.string(), /a value that is converted/],
    ['a transformed value', z.string().transform(Number), /the schema "pipe"/],
  ])('%s', (_, schema, words) => {
    expect(() => shapesText({ one: schema })).toThrow(words);
  });
});
