/** Letters of boundaries, and feeding letters again through the API, for both targets. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  compile,
  type DeadLetter,
  deadLetters,
  describePlan,
  describeText,
  open,
  pruneDeadLetters,
  redrive,
} from '../../lib/index.js';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';

const boundaries = [
  { id: 'in', kind: 'ingress', on_error: 'dead_letter' },
  { id: 'out', kind: 'egress', on_error: 'dead_letter' },
] as const;

/** One stage that rejects a text, between the boundaries. */
function planOf(target: string, rejected = 'bad', shards = 1): PipelinePlanV2 {
  const stages = [{ id: 'checks', op: 'reject', config: { contains: rejected }, on_error: 'dead_letter' }];
  const lane = { kind: 'Events' };
  const topology =
    target === 'SingleRing'
      ? {
          single_ring: {
            stages: [{ stage: 'checks', depends_on: [] }],
            ...(shards > 1 ? { shards, ordering: 'PerKey', shard_key: { kind: 'bytes', offset: 0, length: 1 } } : {}),
          },
        }
      : {
          lane_graph: {
            connections: [
              { from: 'in', to: 'checks', lane },
              { from: 'checks', to: 'out', lane },
            ],
          },
        };
  return { version: 2, name: 'p', target, boundaries, stages, ...topology } as unknown as PipelinePlanV2;
}

interface Place {
  readonly letters: string;
  readonly input: string;
  readonly output: string;
}

function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-letters-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { letters: join(folder, 'letters'), input: join(folder, 'in.log'), output: join(folder, 'out.log') };
}

const RECORD_MAX = { recordMax: 64 } as const;
const appending = (path: string) => ({ adapter: 'lines', path, append: true }) as const;

async function run(at: Place, text: string, plan: PipelinePlanV2) {
  writeFileSync(at.input, text);
  const ports = { in: { lines: at.input }, out: appending(at.output) };
  const pipeline = open(compile(plan), { ...RECORD_MAX, ports, deadLetters: { folder: at.letters } });
  return pipeline.finished();
}

const written = ({ output }: Place): string => readFileSync(output, 'utf8');
/** In the order of their records: letters of several elements stand in the order in which they were written. */
const sorted = ({ letters }: Place): readonly DeadLetter[] =>
  deadLetters(letters).letters.toSorted((a, b) => a.attempt - b.attempt || a.sequence - b.sequence);
const states = (at: Place): (string | number | boolean)[][] =>
  sorted(at).map(({ element, attempt, done }) => [element, attempt, done]);

describe.each(['SingleRing', 'LaneGraph'])('letters of the boundaries of a %s', (target) => {
  test('a line that the ingress cannot take is in a letter, and fed again where there is room for it', async () => {
    const at = place();
    const long = 'x'.repeat(100);
    const ledger = await run(at, `a\n${long}\r\nb\n`, planOf(target));
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(ledger.boundaries.in).toMatchObject({
      published: 2,
      failures: { failed: 1, dead_lettered: 1, dropped: 0, causes: { TOO_LARGE: 1 } },
    });
    expect(ledger.lanes['in->dead:letters']).toMatchObject({ origin: 'runtime', written: 1 });
    expect(written(at)).toBe('a\nb\n');
    const found = deadLetters(at.letters);
    expect(found.letters).toMatchObject([
      { element: 'in', ingress: 'in', sequence: 1, shard: 0, code: 'TOO_LARGE', attempt: 1, bytes: 100, cut: false },
    ]);
    expect(found.letters[0]?.message).toContain(`line 2 of ${at.input.slice(-6)}`.slice(0, 10));
    expect(Buffer.from(found.read(0)?.record ?? []).toString()).toBe(long);

    const again = redrive(at.letters, compile(planOf(target)));
    again.open({ ...RECORD_MAX, ports: { out: appending(at.output) } } as never);
    expect(await again.finished()).toMatchObject({ done: true });
    expect(states(at)).toEqual([
      ['in', 1, true],
      ['in', 2, false],
    ]);

    const roomy = redrive(at.letters, compile(planOf(target)), { ingress: 'in' });
    roomy.open({ recordMax: 200, ports: { out: appending(at.output) } } as never);
    expect(await roomy.finished()).toMatchObject({ done: true, ledger: { balanced: true } });
    expect(written(at)).toBe(`a\nb\n${long}\r\n`);
    expect(states(at).every(([, , done]) => done)).toBe(true);
  });

  test('a line that no letter holds has its beginning there, and is fed again only when that is asked for', async () => {
    const at = place();
    await run(at, `${'y'.repeat(300_000)}\n1 bad\nb\n`, planOf(target));
    const letter = deadLetters(at.letters).letters.find(({ element }) => element === 'in');
    expect(letter).toMatchObject({ cut: true, bytes: 65_536 });
    expect(letter?.message).toContain('this letter has the first 65536');
    const version = compile(planOf(target, 'nothing'));
    const whole = redrive(at.letters, version);
    expect(whole.letters.map(({ element }) => element)).toEqual(['checks']);
    expect(whole.cut).toEqual([letter]);
    expect(redrive(at.letters, version, { asReceived: true })).toMatchObject({ cut: [], letters: [{}, {}] });
    whole.open({ ...RECORD_MAX, ports: { out: appending(at.output) } } as never);
    await whole.finished();
    expect(written(at)).toBe('b\n1 bad\n');
    expect(states(at).sort()).toEqual([
      ['checks', 1, true],
      ['in', 1, false],
    ]);
  });

  test('a record that the egress cannot write is in a letter, and delivered once that is on the device', async () => {
    const at = place();
    const ports = { out: appending(at.output) };
    const pipeline = open(compile(planOf(target)), {
      delivered: true,
      ports,
      deadLetters: { folder: at.letters },
    } as never);
    const ingress = pipeline.ingress('in') as {
      push(record: Uint8Array): Promise<unknown>;
      untilDelivered(): Promise<void>;
      close(): void;
    };
    for (const text of ['a', 'one bad', 'b\nc', 'd']) await ingress.push(Buffer.from(text));
    await ingress.untilDelivered();
    expect(written(at)).toBe('a\nd\n');
    expect(sorted(at)).toMatchObject([
      { element: 'checks', sequence: 1 },
      { element: 'out', sequence: 2, ingress: 'in', code: 'BAD_RECORD', bytes: 3 },
    ]);
    ingress.close();
    const ledger = await pipeline.finished();
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(ledger.boundaries.out).toMatchObject({ in: 3, out: 2, failures: { dead_lettered: 1 } });

    const again = redrive(at.letters, compile(planOf(target, 'nothing')));
    again.open({ ports } as never);
    expect(await again.finished()).toMatchObject({ done: true });
    expect(written(at)).toBe('a\nd\none bad\n');
    expect(states(at)).toEqual([
      ['checks', 1, true],
      ['out', 1, true],
      ['out', 2, false],
    ]);
  });

  test('JavaScript at both ends is answered, and no letter is written', async () => {
    const at = place();
    const pipeline = open(compile(planOf(target)), { ...RECORD_MAX, deadLetters: { folder: at.letters } } as never);
    const ingress = pipeline.ingress('in') as { tryPush(record: Uint8Array): string; close(): void };
    expect(ingress.tryPush(new Uint8Array(5000))).toBe('TOO_LARGE');
    expect(ingress.tryPush(Buffer.from('a\nb'))).toBe('OK');
    ingress.close();
    const got: unknown[] = [];
    for await (const record of pipeline.egress('out')) got.push(record);
    expect(got).toHaveLength(1);
    expect(await pipeline.finished()).toMatchObject({ balanced: true });
    expect(deadLetters(at.letters).letters).toEqual([]);
  });

  test('a plan needs their folder, and its description shows their lanes', () => {
    const version = compile({ ...planOf(target), stages: [{ id: 'checks', op: 'identity' }] } as PipelinePlanV2);
    expect(() => open(version)).toThrow(
      expect.objectContaining({
        code: 'NO_DEAD_LETTERS',
        message: expect.stringContaining('ingress in has on_error dead_letter'),
      }),
    );
    const lanes = version.report.lanes.filter((lane) => 'to' in lane && lane.to === 'dead:letters');
    expect(lanes).toMatchObject([
      { id: 'in->dead:letters', from: 'in' },
      { id: 'out->dead:letters', from: 'out' },
    ]);
    expect(describeText(describePlan(version))).toContain('writes letters of what fails');
  });
});

describe('a ring with shards', () => {
  test('has one lane of letters at each end, and its letters say the shard', async () => {
    const at = place();
    const plan = {
      ...planOf('SingleRing', 'bad', 3),
      boundaries: [{ id: 'in', kind: 'ingress' }, boundaries[1]],
    } as PipelinePlanV2;
    const ports = { out: appending(at.output) };
    const pipeline = open(compile(plan), { ports, deadLetters: { folder: at.letters } } as never);
    const ingress = pipeline.ingress('in') as { push(record: Uint8Array): Promise<unknown>; close(): void };
    for (let i = 0; i < 30; i++) await ingress.push(Buffer.from(`${i % 10}\n${i}`));
    ingress.close();
    const ledger = await pipeline.finished();
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(ledger.lanes['out->dead:letters']).toMatchObject({ written: 30 });
    const { letters } = deadLetters(at.letters);
    expect(letters).toHaveLength(30);
    expect(new Set(letters.map(({ shard }) => shard)).size).toBeGreaterThan(1);
    expect(new Set(letters.map(({ shard, sequence }) => `${shard}/${sequence}`)).size).toBe(30);
    const again = redrive(at.letters, compile(plan));
    again.open({ ports } as never);
    await again.finished();
    expect(states(at).filter(([, attempt]) => attempt === 2)).toHaveLength(30);
    expect(states(at).filter(([, , done]) => !done)).toHaveLength(30);
  });
});

describe('redrive', () => {
  test('is opened once, waits for that, and leaves its ingress to the letters', async () => {
    const at = place();
    await run(at, '1 bad\n', planOf('SingleRing'));
    const version = compile(planOf('SingleRing', 'nothing'));
    const again = redrive(at.letters, version);
    await expect(again.finished()).rejects.toThrow('this redrive has not been opened: call open first');
    expect(() => again.open({ ports: { in: 'js' } } as never)).toThrow(
      'ingress "in" is fed with letters: leave it out of ports',
    );
    expect(() => redrive(at.letters, version, { ingress: 'other' })).toThrow('ingress is one of the plan\'s: "in"');
    const pipeline = again.open({ ports: { out: 'discard' } } as never);
    expect(() => again.open()).toThrow('this redrive has been opened: make another one');
    expect(await again.finished()).toEqual({ ledger: await pipeline.finished(), done: true });
    const none = redrive(at.letters, version);
    expect(none.letters).toEqual([]);
    expect(() => none.open()).toThrow('there is no letter to feed: look at letters before you open');
  });

  test('that is halted leaves its letters, and the next one says which may have been delivered', async () => {
    const at = place();
    await run(at, '1 bad\n2 bad\n', planOf('SingleRing'));
    const version = compile(planOf('SingleRing', 'nothing'));
    const halted = redrive(at.letters, version);
    // Nothing polls the egress.
    const pipeline = halted.open();
    pipeline.halt();
    expect(await halted.finished()).toMatchObject({ done: false });
    const next = redrive(at.letters, version);
    expect(next).toMatchObject({ repeated: 2, letters: [{ begun: true }, { begun: true }] });
    next.open({ ports: { out: 'discard' } } as never);
    expect(await next.finished()).toMatchObject({ done: true });
  });
});

describe('pruneDeadLetters', () => {
  test('removes letters that are done, never one that is not, and numbers go on', async () => {
    const at = place();
    await run(at, '1 bad\n2 bad\n', planOf('SingleRing'));
    expect(pruneDeadLetters(at.letters)).toBe(0);
    const again = redrive(at.letters, compile(planOf('SingleRing', '2')));
    again.open({ ports: { out: 'discard' } } as never);
    await again.finished();
    expect(pruneDeadLetters(at.letters), 'the last one stands in the same file').toBe(0);
    expect(states(at).map(([, attempt, done]) => [attempt, done])).toEqual([
      [1, true],
      [1, true],
      [2, false],
    ]);
    const last = redrive(at.letters, compile(planOf('SingleRing', 'nothing')));
    last.open({ ports: { out: 'discard' } } as never);
    await last.finished();
    const segments = (): string[] =>
      readdirSync(at.letters).filter((name) => name.endsWith('.seg') || /^\d/.test(name));
    const before = segments();
    expect(pruneDeadLetters(at.letters)).toBe(3);
    expect(deadLetters(at.letters).letters).toEqual([]);
    expect(segments()).toHaveLength(before.length);
    expect(segments()).not.toEqual(before);
    expect(pruneDeadLetters(at.letters)).toBe(0);
    await run(at, '3 bad\n', planOf('SingleRing'));
    const [letter] = deadLetters(at.letters).letters;
    expect(letter).toMatchObject({ sequence: 0, done: false });
    expect(letter?.number).toBeGreaterThan(2);
  });

  test('is refused while a pipeline writes the folder, and where there is none', async () => {
    const at = place();
    expect(() => pruneDeadLetters(at.letters)).toThrow(expect.objectContaining({ code: 'JOURNAL_OPEN' }));
    expect(() => pruneDeadLetters('')).toThrow('deadLetters takes the path of a folder');
    const pipeline = open(compile(planOf('SingleRing')), { deadLetters: { folder: at.letters } } as never);
    expect(() => pruneDeadLetters(at.letters)).toThrow(expect.objectContaining({ code: 'JOURNAL_LOCKED' }));
    await pipeline.stop();
  });
});
