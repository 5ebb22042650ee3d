import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../lib/plan/diagnostic.js';
import { parentOf, valueAt } from '../../lib/plan/pointer.js';
import { CODES, isDiagnosticCode } from '../../lib/validate/codes.js';
import { validate, validateText } from '../../lib/validate/validate.js';
import { arbitraryPlan } from '../support/arbitrary-plan.js';
import { arbitraryChoices } from '../support/choices.js';
import { mutated, placesOf, removed, replaced } from '../support/mutations.js';
import { isValidPlan } from '../support/plan-oracle.js';

const plans = arbitraryPlan({ callerOps: true, maxStages: 12 });
const errorsOf = (document: unknown): Diagnostic[] =>
  validate(document).diagnostics.filter(({ severity }) => severity === 'error');

/** Every report keeps these, whatever was validated. */
function expectSoundReport(document: unknown, diagnostics: readonly Diagnostic[]): void {
  for (const { code, severity, path, message } of diagnostics) {
    expect(isDiagnosticCode(code) && CODES[code].severity).toBe(severity);
    expect(message).toMatch(/^\S.*\.$/s);
    // Somewhere in the document, or where a field of it would be.
    expect(path === '' || valueAt(document, parentOf(path)) !== undefined).toBe(true);
  }
}

function deepFreeze(value: unknown): void {
  for (const { value: inner } of placesOf(value)) Object.freeze(inner);
}

describe('a generated valid plan', () => {
  it('is accepted without an error', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(errorsOf(plan)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('comes back as it is, as a frozen copy', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const before = structuredClone(plan);
        const result = validate(plan);
        expect(plan).toEqual(before);
        if (!result.ok) throw new Error('a valid plan was refused');
        expect(result.plan).toEqual(plan);
        expect(result.plan).not.toBe(plan);
        for (const { value } of placesOf(result.plan)) expect(Object.isFrozen(value)).toBe(true);
      }),
    );
  });

  it('is accepted when it is frozen, and as JSON text', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        deepFreeze(plan);
        const fromValue = validate(plan);
        const fromText = validateText(JSON.stringify(plan, null, 2));
        expect(fromText.ok && fromValue.ok && fromText.plan).toEqual(plan);
      }),
    );
  });

  it('gets exactly one error, at the place itself, when any one value of it becomes null', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const { path } of placesOf(plan).filter((place) => !inOwnConfig(plan, place.path))) {
          expect(errorsOf(replaced(plan, path, null)).map((one) => one.path)).toEqual([path]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gets at most one error when any one field of it is removed', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const { path } of placesOf(plan).slice(1)) {
          if (Array.isArray(valueAt(plan, parentOf(path)))) continue;
          const without = removed(plan, path);
          const errors = errorsOf(without);
          if (errors.length > 1 && !areManyFields(errors) && !isManyRaces(path, errors))
            expect(errors).toEqual('one error');
          expect(errors.length === 0).toBe(isValidPlan(without));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gets exactly one error, at the field, when any map of it has an unknown field', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const maps = placesOf(plan).filter(
          ({ path, value }) => isMap(value) && !inOwnConfig(plan, path) && path !== '/lane_graph/boundary_policy',
        );
        for (const { path } of maps) {
          const place = `${path}/zzz_unknown`;
          expect(errorsOf(replaced(plan, place, 1)).map((one) => [one.code, one.path])).toEqual([
            ['FIELD_UNKNOWN', place],
          ]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gets exactly one error, at the reference, when any one reference names nobody', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const references = placesOf(plan).filter(({ path }) => /\/(?:from|to|stage|depends_on\/\d+)$/.test(path));
        for (const { path } of references.filter((place) => !place.path.startsWith('/stages/'))) {
          expect(errorsOf(replaced(plan, path, 'zzz-nobody-at-all')).map((one) => one.path)).toEqual([path]);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a mutated plan', () => {
  const edited = (most: number) =>
    fc.tuple(plans, arbitraryChoices(40)).map(([plan, choices]) => {
      let document: unknown = plan;
      for (let edits = choices.between(1, most); edits > 0; edits--) document = mutated(document, choices);
      return document;
    });

  it('is accepted exactly when a second opinion accepts it', () => {
    fc.assert(
      fc.property(edited(3), (document) => {
        expect(validate(document).ok).toBe(isValidPlan(document));
      }),
      { numRuns: 2000 },
    );
  });

  it('gets a sound report, the same each time and the same from text, and is not changed', () => {
    fc.assert(
      fc.property(edited(6), (document) => {
        const before = structuredClone(document);
        deepFreeze(document);
        const { ok, diagnostics } = validate(document);
        expect(document).toEqual(before);
        expect(ok).toBe(diagnostics.every(({ severity }) => severity === 'warning'));
        expectSoundReport(document, diagnostics);
        expect(validate(document).diagnostics).toEqual(diagnostics);
        const located = validateText(JSON.stringify(document, null, 1)).diagnostics;
        expect(located.map(({ line, column, related, ...rest }) => rest)).toEqual(
          diagnostics.map(({ related, ...rest }) => rest),
        );
        const places = located.map(({ line = 0, column = 0 }) => line * 10_000 + column);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
      { numRuns: 400 },
    );
  });
});

describe('validation', () => {
  it('answers any JSON value with a sound report', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const document = JSON.parse(JSON.stringify(value)) as unknown;
        const { ok, diagnostics } = validate(document);
        expect(ok).toBe(false);
        expectSoundReport(document, diagnostics);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers any JavaScript value at all', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(validate(value).ok).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers any text', () => {
    const yamlLike = fc
      .array(
        fc.constantFrom(
          '- ',
          'a',
          ': ',
          '\n',
          '  ',
          '[',
          ']',
          '{',
          '}',
          '"',
          "'",
          '|',
          '>',
          '#',
          '&a ',
          '*a',
          '!t ',
          '? ',
          ',',
          '---\n',
          '\t',
          '%',
        ),
        {
          maxLength: 60,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(yamlLike, fc.string({ unit: 'binary' }), fc.string()), (text) => {
        const { ok, diagnostics } = validateText(text);
        expect(ok).toBe(false);
        expect(diagnostics.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('answers any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(validateText(bytes).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('answers a plan text that is cut off or has one character changed', () => {
    fc.assert(
      fc.property(
        plans,
        fc.nat(),
        fc.constantFrom('', ' ', '[', '}', '"', ':', '\n', '\u0000', '#'),
        (plan, at, other) => {
          const text = JSON.stringify(plan, null, 1);
          const place = at % text.length;
          expect(validateText(text.slice(0, place)).ok).toBe(false);
          const result = validateText(text.slice(0, place) + other + text.slice(place + 1));
          expect(result.ok || result.diagnostics.length > 0).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True inside (or at) the config of a caller's op, where any JSON may stand. */
function inOwnConfig(plan: unknown, path: string): boolean {
  const stage = /^(\/stages\/\d+)\/config/.exec(path)?.[1];
  return stage !== undefined && String(valueAt(plan, `${stage}/op`)).includes(':');
}

/** One codec that is gone can leave several keys, and stages that set a field, without it: each a place of its own to correct. */
function areManyFields(errors: readonly Diagnostic[]): boolean {
  const codes = ['KEY_FIELD_CODEC', 'KEY_FIELD_UNKNOWN', 'SET_FIELD_RECORDS', 'SET_FIELD_UNKNOWN'];
  return errors.every(({ code }) => codes.includes(code));
}

/** A stage that may write, because it no longer says that it reads, races with each later entry that does not wait for it. */
function isManyRaces(removedPath: string, errors: readonly Diagnostic[]): boolean {
  return removedPath.endsWith('/access') && errors.every(({ code }) => code === 'RING_WRITE_RACE');
}
