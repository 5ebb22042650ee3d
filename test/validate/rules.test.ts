import { describe, expect, it } from 'vitest';
import { CODES, type DiagnosticCode } from '../../lib/validate/codes.js';
import { validate, validateText } from '../../lib/validate/validate.js';
import { CASES, type Case } from './cases.js';
import { BROADCAST, GRAPH, RING } from './plans.js';

function run({ plan, options }: Case) {
  const text = typeof plan === 'string' || plan instanceof Uint8Array;
  return text ? validateText(plan, { ...options, file: 'plan.yaml' }) : validate(plan, options);
}

/** As much of the text at a position as the expectation says. */
function textAt(text: string, line: number, column: number, expected: string): string | undefined {
  return text
    .split('\n')
    .slice(line - 1)
    .join('\n')
    .slice(column - 1, column - 1 + expected.length);
}

describe('the plans that the cases are made of', () => {
  it.each([
    ['ring', RING],
    ['graph', GRAPH],
    ['broadcast', BROADCAST],
  ])('has no finding: %s', (_, text) => {
    expect(validateText(text)).toMatchObject({ ok: true, diagnostics: [] });
  });
});

describe('one cause gives one diagnostic', () => {
  it.each(CASES.map((one) => [`${one.code} at "${one.path.slice(0, 60)}" because ${one.because}`, one] as const))(
    '%s',
    (_, one) => {
      const { ok, diagnostics } = run(one);
      const [found, ...others] = diagnostics;
      expect(others).toEqual([]);
      expect({
        code: found?.code,
        path: found?.path,
        message: found?.message,
        ...(found?.hint === undefined ? {} : { hint: found.hint }),
        ...('received' in one ? { received: found?.received } : {}),
      }).toEqual({
        code: one.code,
        path: one.path,
        message: one.message,
        ...(one.hint === undefined ? {} : { hint: one.hint }),
        ...('received' in one ? { received: one.received } : {}),
      });
      const severity = CODES[one.code as DiagnosticCode].severity;
      expect(found?.severity).toBe(severity);
      expect(ok).toBe(severity === 'warning');
      if (typeof one.plan === 'string') expect(found?.file).toBe('plan.yaml');
      expect(found?.line === undefined).toBe(one.marks === undefined);
      if (found?.line !== undefined)
        expect(textAt(one.plan as string, found.line, found.column as number, one.marks as string)).toBe(one.marks);
    },
  );
});
