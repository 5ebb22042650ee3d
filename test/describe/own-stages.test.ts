import { describe, expect, test } from 'vitest';
import { describePlan } from '../../lib/describe/describe.js';
import { describeText } from '../../lib/describe/describe-text.js';
import type { StageEntry } from '../../lib/plan/document.js';
import { STAGE_TIMEOUT_MS_DEFAULT } from '../../lib/plan/limits.js';
import { graph, js, ring } from '../host/hosted-plans.js';

/** What `describe` says of stages whose code its user brings. */

const native = (more: Partial<StageEntry> = {}): StageEntry => ({ id: 'fast', op: 'native:fast', ...more });

const SHAPES = {
  'a ring': (stage: StageEntry) => ring([stage]),
  'a graph': (stage: StageEntry) => graph([stage], [`in>${stage.id}`, `${stage.id}>out`]),
} as const;

describe.each(Object.entries(SHAPES))("of a stage of one's own, in %s,", (_, shape) => {
  const lines = (stage: StageEntry, stages: object): readonly string[] => {
    const text = describeText(describePlan(shape(stage), { stages: stages as Record<string, unknown> }));
    const [, own = ''] = text.split('\nstages of your own\n');
    return own.split('\n').map((line) => line.replace(/^ +(enrich|fast)? +/, ''));
  };

  const places: [string, StageEntry, object, string][] = [
    ['a function', js('enrich'), { enrich: () => true }, 'js:enrich: a function, on the thread that opens'],
    ['attach', js('enrich'), { enrich: 'attach' }, 'js:enrich: on a thread that attaches with its function'],
    [
      'workers',
      js('enrich'),
      { enrich: { module: new URL('file:///s/e.mjs'), export: 'fast', workers: 3 } },
      'js:enrich: fast of file:///s/e.mjs, in 3 worker threads, among which shards are dealt out',
    ],
    ['a library', native(), { fast: { library: './f.so' } }, 'native:fast: ./f.so, a plug-in on a native thread'],
    ['no library', native(), {}, 'native:fast: nothing yet; name its library, --stage fast=./fast.so'],
  ];
  test.each(places)('the place is said: %s', (_name, stage, stages, words) => {
    expect(lines(stage, stages)[0]).toBe(words);
  });

  test('settings are those that are stated, or the defaults; of code that is at hand nothing else is possible', () => {
    const settings = (code: unknown): string | undefined => lines(js('enrich'), { enrich: code })[1];
    const fn = (): boolean => true;
    expect(settings(fn)).toBe('at most 16 promises at once, 30 s for a call or a promise');
    expect(settings({ fn, concurrency: 2, timeoutMs: 250 })).toBe(
      'at most 2 promises at once, 250 ms for a call or a promise',
    );
    expect(settings({ batch: fn, timeoutMs: Number.POSITIVE_INFINITY })).toBe('no limit for a call');
    expect(settings({ module: './m.mjs', concurrency: 2 })).toBe(
      'at most 2 promises at once, 30 s for a call or a promise (the time by default, unless its code says otherwise)',
    );
    expect(settings({ module: './m.mjs', timeoutMs: 1500 })).toBe(
      'at most 16 promises at once, 1.5 s for a call or a promise (the number by default, unless its code says otherwise)',
    );
  });

  test('copies follow from what the stage may do, and a policy that keeps the record costs no further one', () => {
    const copies = (stage: StageEntry): string | undefined =>
      lines(stage, {}).find((line) => line.startsWith('copies'));
    expect(copies(js('enrich', { access: 'read' }))).toBe('copies: each record to the stage; nothing is copied back');
    expect(copies(js('enrich', { on_error: 'pass' }))).toBe(
      'copies: each record to the stage, and back where it is changed or replaced; on_error pass needs no other',
    );
    expect(copies(native({ access: 'read', on_error: 'dead_letter' }))).toBe(
      'copies: none; it reads records where they lie',
    );
    expect(copies(native({ on_error: 'dead_letter' }))).toBe(
      'copies: each record to a buffer and back, where the library writes; on_error dead_letter needs no other',
    );
  });

  test('the longest hold is that of a call and its promise, of a call alone, or none that can be stated', () => {
    const holds = (stage: StageEntry, stages: object) => {
      const { ownStages } = describePlan(shape(stage), { stages: stages as Record<string, unknown> });
      return [ownStages[0]?.longestHoldMs, lines(stage, stages).find((line) => line.startsWith('may keep'))];
    };
    const words = 'may keep a record from being delivered';
    expect(holds(js('enrich'), { enrich: () => true })).toEqual([
      2 * STAGE_TIMEOUT_MS_DEFAULT,
      `${words} for 60 s: a call, and as long for its promise`,
    ]);
    expect(holds(js('enrich'), { enrich: { batch: () => {}, timeoutMs: 5000 } })).toEqual([
      5000,
      `${words} for 5 s: a call`,
    ]);
    expect(holds(js('enrich'), { enrich: { fn: () => {}, timeoutMs: Number.POSITIVE_INFINITY } })).toEqual([
      null,
      `${words} without a limit`,
    ]);
    expect(holds(native(), { fast: { library: './f.so' } })).toEqual([
      null,
      `${words} as long as a call lasts, which nothing limits`,
    ]);
  });
});

test('a plan without such stages has none, and no section', () => {
  const description = describePlan(ring([{ id: 'pass', op: 'identity' }]));
  expect(description.ownStages).toEqual([]);
  expect(describeText(description)).not.toContain('stages of your own');
});
