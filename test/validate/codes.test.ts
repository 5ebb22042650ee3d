import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../lib/plan/parse.js';
import { CODES, diagnosticsPage, explain } from '../../lib/validate/codes.js';
import { READING_CODES } from '../../lib/validate/codes-reading.js';
import { validate } from '../../lib/validate/validate.js';
import { CASES } from './cases.js';

const codes = Object.keys(CODES);

describe('the table of codes', () => {
  it('has a wrong plan for each code, and no wrong plan without a code', () => {
    // The report's own limit needs a thousand findings; it has a test of its own below.
    const shown = new Set([...CASES.map(({ code }) => code), 'DIAGNOSTICS_CUT']);
    expect([...shown].sort()).toEqual([...codes].sort());
  });

  it('spells every code in the same way', () => {
    expect(codes.filter((code) => !/^[A-Z]+(?:_[A-Z]+)+$/.test(code))).toEqual([]);
  });

  it('is the page docs/diagnostics.md, word for word', async () => {
    await expect(diagnosticsPage()).toMatchFileSnapshot('../../docs/diagnostics.md');
  });

  it('has examples that are YAML, except where the text itself is what is wrong', () => {
    const notText = new Set(Object.keys(READING_CODES));
    const broken = Object.entries(CODES).filter(
      ([code, { example }]) =>
        !notText.has(code) && parsePlan(example).findings.some((one) => one.code !== 'PLAN_EMPTY'),
    );
    expect(broken).toEqual([]);
  });
});

describe('explain', () => {
  it.each(codes)('says what %s means, shows it and says what to do', (code) => {
    const entry = CODES[code as keyof typeof CODES];
    const text = explain(code);
    expect(text).toContain(`${code} (${entry.severity}): ${entry.title}`);
    expect(text).toContain(entry.meaning);
    expect(text).toContain(`What to do: ${entry.remedy}`);
  });

  it('takes a code in lower case and knows no others', () => {
    expect(explain('ring_mpmc')).toBe(explain('RING_MPMC'));
    expect(explain('RING_MPMCC')).toBeUndefined();
    expect(explain('constructor')).toBeUndefined();
    expect(explain('')).toBeUndefined();
  });
});

describe('a report', () => {
  it('lists the first thousand findings and counts the others', () => {
    const stages = Array.from({ length: 1024 }, (_, index) => ({ id: `s${index}`, op: 'nothing' }));
    const { diagnostics } = validate({
      version: 2,
      name: 'x',
      target: 'LaneGraph',
      stages,
      boundaries: [],
      lane_graph: { connections: [] },
    });
    expect(diagnostics).toHaveLength(1001);
    expect(diagnostics[999]).toMatchObject({ code: 'OP_UNKNOWN', path: '/stages/999/op' });
    expect(diagnostics[1000]).toEqual({
      code: 'DIAGNOSTICS_CUT',
      severity: 'error',
      path: '',
      message: '25 more findings are not listed; the first 1000 are.',
      hint: 'Correct what is listed and validate again.',
    });
  });

  it('names the place of other things that it speaks of', () => {
    const plan = {
      version: 2,
      name: 'x',
      target: 'SingleRing',
      stages: [{ id: 'a', op: 'identity' }],
      boundaries: [
        { id: 'a', kind: 'ingress' },
        { id: 'out', kind: 'egress' },
      ],
      single_ring: { stages: [{ stage: 'a' }] },
    };
    expect(validate(plan).diagnostics[0]?.related).toEqual([
      { path: '/stages/0/id', message: 'The stage "a" is declared here.' },
    ]);
  });
});
