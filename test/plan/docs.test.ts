import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as limits from '../../lib/plan/limits.js';
import { validate, validateText } from '../../lib/validate/validate.js';

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = file('docs/plan.md');

describe('the examples', () => {
  const plans = readdirSync(new URL('../../examples/', import.meta.url)).filter((name) => name.endsWith('.yaml'));

  it('are there', () => {
    expect(plans.length).toBeGreaterThan(5);
  });

  it.each(plans)('are valid plans without a warning: %s', (name) => {
    expect(validateText(file(`examples/${name}`), { file: name })).toMatchObject({ ok: true, diagnostics: [] });
  });

  it('of definePlan is valid', async () => {
    const { orders } = await import('../../examples/define-plan.js');
    expect(validate(orders)).toMatchObject({ ok: true, diagnostics: [] });
  });
});

describe('docs/plan.md', () => {
  it('lists every limit with its value, and no other', () => {
    const listed = [...page.matchAll(/^\| `([A-Z0-9_]+)` \| (\d+) \| \S.*\|$/gm)].map((row) => [
      row[1],
      Number(row[2]),
    ]);
    const stated = Object.entries(limits).filter(([, value]) => typeof value === 'number');
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(stated));
    expect(listed).toHaveLength(stated.length);
  });
});
