import { describe, expect, test } from 'vitest';
import type { PollHandle } from '../../lib/handle/poll.js';
import { collect, until } from './rings.js';
import { SHAPES, type Shape, shapeOf } from './shapes.js';
import { next, start } from './worker-threads.js';

/**
 * What a callback may do to the pipeline that it is called by, in every form of taking records: the loop ends or goes on
 * as stated, what was delivered counts as taken, once, and nothing else does.
 */

const COUNT = 20;
/** The action happens at this record. */
const AT = 3;

type Visit = () => void;
type Form = (egress: PollHandle<Uint8Array>, visit: Visit) => Promise<void> | void;

const FORMS: Readonly<Record<string, Form>> = {
  poll: (egress, visit) => void egress.poll(visit),
  pollInPlace: (egress, visit) => void egress.pollInPlace(visit),
  pollBatch: (egress, visit) =>
    void egress.pollBatch((cursor) => {
      while (cursor.next()) visit();
    }),
  'for await': async (egress, visit) => {
    let left = COUNT;
    for await (const record of egress) {
      visit();
      if (record === undefined || --left === 0) break;
    }
  },
};

interface Action {
  readonly run: (shape: Shape<Uint8Array>) => unknown;
  /** The loop ends after the record of the action. */
  readonly ends: boolean;
  /** What comes out of the form: an error's code, or its words. */
  readonly throws?: string;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  halt: { run: ({ pipeline }) => pipeline.halt(), ends: true },
  release: { run: ({ egress }) => egress.release(), ends: true },
  'release, and take it again': {
    run: ({ egress, pipeline }) => {
      egress.release();
      pipeline.egress('out');
    },
    ends: true,
  },
  detach: { run: ({ pipeline }) => pipeline.detach(), ends: true },
  'a throw': {
    run: () => {
      throw new Error('its own');
    },
    ends: true,
    throws: 'its own',
  },
  'halt and a throw': {
    run: ({ pipeline }) => {
      pipeline.halt();
      throw new Error('its own');
    },
    ends: true,
    throws: 'its own',
  },
  stop: { run: ({ pipeline }) => pipeline.stop(), ends: false },
  'close of the ingress': { run: ({ ingress }) => ingress.close(), ends: false },
  'a poll': {
    run: ({ egress }) => {
      // Between two records of a `for await` the handle is free.
      expect(() => egress.poll(() => {}, 0)).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
    },
    ends: false,
  },
  'ready, ended and a wait for the end': {
    run: ({ egress, pipeline }) => [egress.ready(), egress.ended, pipeline.finished().catch(() => {})],
    ends: false,
  },
};

async function filled(shape: string): Promise<Shape<Uint8Array>> {
  const opened = shapeOf<Uint8Array>(shape, 'bytes');
  for (let n = 0; n < COUNT; n++) expect(opened.ingress.tryPush(new Uint8Array([n]))).toBe('OK');
  opened.ingress.flush();
  await until(() => {
    const { agents } = opened.pipeline.snapshot();
    const passed = agents.filter(({ id }) => id === 'pass').reduce((sum, { sequence }) => sum + sequence, 0);
    return passed === COUNT;
  });
  return opened;
}

const CASES = Object.keys(SHAPES)
  .flatMap((shape) =>
    Object.keys(FORMS).flatMap((form) => Object.keys(ACTIONS).map((action) => [shape, form, action] as const)),
  )
  .filter(([, form, action]) => !(form === 'for await' && action === 'a poll'));

describe('in a callback', () => {
  test.each(CASES)('of a %s: %s, then %s', async (shape, form, name) => {
    const { run, ends, throws } = ACTIONS[name] as Action;
    const opened = await filled(shape);
    const { pipeline } = opened;
    let seen = 0;
    const visit = (): void => {
      if (++seen === AT) run(opened);
    };
    const polling = (async () => FORMS[form]?.(opened.egress, visit))();
    const error: unknown = await polling.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    // A `for await` asks for the next record, and a handle that was given back has none.
    if (throws !== undefined) expect(error).toMatchObject({ message: throws });
    else if (form === 'for await' && /release|detach/.test(name)) expect(error).toMatchObject({ code: 'CLOSED' });
    else expect(error).toBeUndefined();
    const delivered = ends ? AT : COUNT;
    expect(seen).toBe(delivered);
    const rest: number[] = [];
    if (ends && pipeline.state !== 'stopped' && name !== 'detach')
      rest.push(
        ...(await collect(pipeline.egress('out') as unknown as PollHandle<Uint8Array>, COUNT - AT)).map(
          ([n]) => n ?? -1,
        ),
      );
    expect(new Set(rest).size).toBe(rest.length);
    const ledger = await pipeline.stop({ deadline: name === 'detach' ? 50 : 5000 });
    expect(ledger).toMatchObject({
      balanced: true,
      boundaries: {
        in: { published: COUNT },
        out: { in: COUNT, out: delivered + rest.length, abandoned: COUNT - delivered - rest.length },
      },
    });
  });

  test('release gives the rest to another thread, which gets no record twice', async () => {
    const { pipeline, egress, ingress } = await filled('ring');
    const seen: number[] = [];
    egress.poll(([n]) => {
      seen.push(n ?? -1);
      if (seen.length === AT) egress.release();
    });
    const worker = start('pollBytes', { number: pipeline.number });
    expect(await next(worker)).toBe('started');
    ingress.close();
    const { rest } = await next<{ rest: number[] }>(worker);
    expect([...seen, ...rest]).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { out: { out: COUNT } } });
  });

  test('what a `for await` has delivered stays taken when another thread halts', async () => {
    const { pipeline, egress } = await filled('ring');
    let seen = 0;
    for await (const record of egress) {
      expect(record).toHaveLength(1);
      seen++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (seen < AT) continue;
      const worker = start('halt', { number: pipeline.number });
      await next(worker);
    }
    expect(seen).toBe(AT);
    expect(pipeline.ledger()).toMatchObject({
      balanced: true,
      boundaries: { out: { out: AT, abandoned: COUNT - AT } },
    });
  });
});

describe('a stream', () => {
  test.each(Object.keys(SHAPES))(
    'over a %s that is destroyed by its listener takes no record that it does not hand on',
    async (shape) => {
      const { pipeline, egress } = await filled(shape);
      const readable = egress.readable({ highWaterMark: 1 });
      let seen = 0;
      readable.on('data', () => {
        if (++seen === AT) readable.destroy();
      });
      await new Promise((resolve) => readable.once('close', resolve));
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await collect(egress, COUNT - seen)).toHaveLength(COUNT - seen);
      expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { out: { out: COUNT } } });
    },
  );

  test.each(Object.keys(SHAPES))('over a %s whose listener halts has counted what it got', async (shape) => {
    const { pipeline, egress } = await filled(shape);
    const readable = egress.readable({ highWaterMark: 1 });
    let seen = 0;
    readable.on('data', () => {
      if (++seen === AT) pipeline.halt();
    });
    await new Promise((resolve) => readable.once('end', resolve));
    expect(pipeline.ledger()).toMatchObject({
      balanced: true,
      boundaries: { out: { out: seen, abandoned: COUNT - seen } },
    });
  });

  test('that was cancelled while a record came takes none', async () => {
    const { pipeline, egress, ingress } = shapeOf<Uint8Array>('ring', 'bytes');
    const reader = egress.readableWeb().getReader();
    const reading = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 5));
    ingress.tryPush(new Uint8Array([1]));
    ingress.flush();
    await reader.cancel();
    await reading;
    expect(await collect(egress, 1)).toEqual([new Uint8Array([1])]);
    expect(await pipeline.stop()).toMatchObject({ balanced: true, boundaries: { out: { out: 1 } } });
  });
});

/** Ways to push a record, each once; the handle's own status where it has one. */
const PUSHES: Readonly<Record<string, (ingress: Shape<Uint8Array>['ingress'], record: Uint8Array) => unknown>> = {
  tryPush: (ingress, record) => ingress.tryPush(record),
  push: (ingress, record) => ingress.push(record),
  'push with options': (ingress, record) => ingress.push(record, { deadline: 100 }),
  tryPushBatch: (ingress, record) => {
    expect(ingress.tryPushBatch([record])).toBe(0);
    expect(ingress.lastStatus).toBe('TOO_LARGE');
  },
  pushBatch: (ingress, record) => ingress.pushBatch([record]),
  claim: (ingress, record) => {
    expect(ingress.claim(record.length, 'k')).toBeUndefined();
    expect(ingress.lastStatus).toBe('TOO_LARGE');
  },
  writable: (ingress, record) =>
    new Promise((resolve) => ingress.writable().once('error', resolve).once('finish', resolve).end(record)),
  'writable, two at once': (ingress, record) => {
    const writable = ingress.writable();
    writable.cork();
    writable.write(record);
    writable.write(new Uint8Array(1));
    return new Promise((resolve) => {
      writable.once('error', resolve);
      writable.uncork();
    });
  },
  writableWeb: (ingress, record) => ingress.writableWeb().getWriter().write(record),
};

describe.each(Object.keys(SHAPES))('a record that is too large for a %s', (shape) => {
  test.each(Object.keys(PUSHES))('is counted once through %s, and the next one goes in', async (push) => {
    const { pipeline, ingress, egress } = shapeOf<Uint8Array>(shape, 'bytes');
    await Promise.resolve(PUSHES[push]?.(ingress, new Uint8Array(ingress.recordMax + 1))).catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'TOO_LARGE' }),
    );
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 0, too_large: 1 });
    if (ingress.closed) return;
    const writer = ingress.claim(1, 'k');
    expect([writer?.length, ingress.lastStatus]).toEqual([1, 'OK']);
    ingress.publish();
    expect(ingress.tryPush(new Uint8Array(2))).toBe('OK');
    expect(await collect(egress, 2)).toHaveLength(2);
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 2, too_large: 1 });
  });
});
