import { describe, expect, test } from 'vitest';
import { bytes, collect, openRing, text, until } from './rings.js';

describe('a push handle', () => {
  test('pushes records that come out of the egress in order', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    expect(ingress.tryPush('first')).toBe('OK');
    expect(ingress.tryPush('')).toBe('OK');
    expect(ingress.tryPush('third ✓')).toBe('OK');
    expect(await collect(egress, 3)).toEqual(['first', '', 'third ✓']);
  });

  test('is the same object each time it is asked for', () => {
    const pipeline = openRing({ codec: 'utf8' });
    expect(pipeline.ingress('in')).toBe(pipeline.ingress('in'));
    expect(pipeline.egress('out')).toBe(pipeline.egress('out'));
  });

  test('shows records to the stages in a microtask, without a flush', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    pipeline.ingress('in').tryPush('alone');
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 0 });
    await Promise.resolve();
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 1 });
  });

  test('shows every 64 records at once', () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 130; i++) ingress.tryPush('x');
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 128 });
  });

  test('shows what it has with flush, and before a poll of the same thread', () => {
    const pipeline = openRing({ codec: 'utf8' });
    const ingress = pipeline.ingress('in');
    ingress.tryPush('x');
    ingress.flush();
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 1 });
    ingress.tryPush('y');
    pipeline.egress('out').poll(() => {});
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 2 });
  });

  test('shows a large record without waiting for 63 others', () => {
    const pipeline = openRing({ codec: 'bytes' }, { ports: { out: 'discard' } });
    pipeline.ingress('in').tryPush(new Uint8Array(1 << 20));
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 1, bytes: 1 << 20 });
  });

  test('large structs become visible before 64 of them have come together', () => {
    const codec = { kind: 'struct', fields: [{ name: 'block', type: 'bytes(65536)' }] } as const;
    const pipeline = openRing({ codec }, { capacity: 32 });
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 15; i++) ingress.tryPush({ block: new Uint8Array(65_536) });
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 0 });
    ingress.tryPush({ block: new Uint8Array(65_536) });
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 16, bytes: 1 << 20 });
  });

  test('answers TOO_LARGE for a record over the maximum, counts it and goes on', async () => {
    const pipeline = openRing({ codec: 'bytes' }, { recordMax: 100 });
    const ingress = pipeline.ingress('in');
    expect(ingress.tryPush(new Uint8Array(101))).toBe('TOO_LARGE');
    expect(ingress.tryPush(new Uint8Array(100).fill(1))).toBe('OK');
    expect(await collect(pipeline.egress('out'), 1)).toEqual([new Uint8Array(100).fill(1)]);
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 1, too_large: 1 });
  });

  test('measures a text in UTF-8 bytes, not in characters', () => {
    const pipeline = openRing({ codec: 'utf8' }, { recordMax: 6 });
    const ingress = pipeline.ingress('in');
    expect(ingress.tryPush('ééé')).toBe('OK');
    expect(ingress.tryPush('éééé')).toBe('TOO_LARGE');
    expect(ingress.tryPush('123456')).toBe('OK');
  });

  test('throws for a value of another kind, and nothing has been pushed', () => {
    const pipeline = openRing({ codec: 'bytes' }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    expect(() => ingress.tryPush('text' as unknown as Uint8Array)).toThrow(
      'a bytes record is a Uint8Array (or Buffer), received the string "text"; encode it first',
    );
    ingress.flush();
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 0 });
  });

  test('tells how much room there is, and takes exactly so many', () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 100 });
    const ingress = pipeline.ingress('in');
    expect(ingress.free).toBe(100);
    for (let i = 0; i < 100; i++) expect(ingress.tryPush('x')).toBe('OK');
    expect(ingress.free).toBe(0);
    expect(ingress.tryPush('x')).toBe('FULL');
  });

  test('has room again when the egress has been polled', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 4 });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    for (let i = 0; i < 4; i++) ingress.tryPush('x');
    expect(ingress.tryPush('y')).toBe('FULL');
    await collect(egress, 4);
    expect(ingress.free).toBe(4);
    expect(ingress.tryPush('y')).toBe('OK');
  });

  test('is full when the bytes are used up, however many slots are free', async () => {
    const pipeline = openRing({ codec: 'bytes' }, { recordMax: 1000, arenaBytes: 2048 });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    expect(ingress.freeBytes).toBe(1000);
    expect([1, 2, 3].map((n) => ingress.tryPush(new Uint8Array(1000).fill(n)))).toEqual(['OK', 'OK', 'FULL']);
    expect(ingress.freeBytes).toBeLessThan(1000);
    expect((await collect(egress, 2)).map((record) => record[999])).toEqual([1, 2]);
    expect(ingress.tryPush(new Uint8Array(1000).fill(3))).toBe('OK');
  });

  test('pushes a batch as far as there is room and says why it stopped', () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 3, recordMax: 10 });
    const ingress = pipeline.ingress('in');
    expect(ingress.tryPushBatch(['a', 'b', 'c', 'd'])).toBe(3);
    expect(ingress.lastStatus).toBe('FULL');
    const other = openRing({ codec: 'utf8' }, { recordMax: 10 }).ingress('in');
    expect(other.tryPushBatch(['a', 'longer than ten', 'c'])).toBe(1);
    expect(other.lastStatus).toBe('TOO_LARGE');
    expect(other.tryPushBatch(['x', 'a', 'b'], 1)).toBe(2);
    expect(other.lastStatus).toBe('OK');
  });

  test('answers CLOSED after close, and the egress still gets what was pushed', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const ingress = pipeline.ingress('in');
    ingress.tryPush('last');
    ingress.close();
    expect(ingress.closed).toBe(true);
    expect(ingress.tryPush('late')).toBe('CLOSED');
    expect(ingress.free).toBe(0);
    const records: string[] = [];
    for await (const record of pipeline.egress('out')) records.push(record);
    expect(records).toEqual(['last']);
  });
});

describe('a claim', () => {
  test('is written in place and becomes a record with publish', async () => {
    const pipeline = openRing({ codec: 'bytes' });
    const ingress = pipeline.ingress('in');
    const writer = ingress.claim(16);
    if (writer === undefined) throw new Error('there is room');
    writer.buffer.write('hello', writer.offset);
    ingress.publish(5);
    expect((await collect(pipeline.egress('out'), 1)).map(text)).toEqual(['hello']);
  });

  test('that is aborted, or replaced by the next one, leaves nothing behind', async () => {
    const pipeline = openRing({ codec: 'bytes' });
    const ingress = pipeline.ingress('in');
    ingress.claim(8);
    ingress.abort();
    ingress.claim(8);
    const writer = ingress.claim(1);
    if (writer === undefined) throw new Error('there is room');
    writer.bytes[writer.offset] = 7;
    ingress.publish();
    expect(await collect(pipeline.egress('out'), 1)).toEqual([new Uint8Array([7])]);
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 1 });
  });

  test('says why it cannot be had', () => {
    const pipeline = openRing({ codec: 'bytes' }, { capacity: 1, recordMax: 10 });
    const ingress = pipeline.ingress('in');
    expect(ingress.claim(11)).toBeUndefined();
    expect(ingress.lastStatus).toBe('TOO_LARGE');
    ingress.tryPush(bytes('x'));
    expect(ingress.claim(1)).toBeUndefined();
    expect(ingress.lastStatus).toBe('FULL');
    ingress.close();
    expect(ingress.claim(1)).toBeUndefined();
    expect(ingress.lastStatus).toBe('CLOSED');
  });

  test('cannot be published twice, nor longer than it is', () => {
    const ingress = openRing({ codec: 'bytes' }).ingress('in');
    expect(() => ingress.publish()).toThrow('publish() without a claim: call claim() first, once for each record');
    ingress.claim(4);
    expect(() => ingress.publish(5)).toThrow('publish(5) does not fit the claim of 4 bytes');
    expect(() => ingress.publish(1.5)).toThrow('publish(1.5) does not fit the claim of 4 bytes');
    ingress.publish(4);
    expect(() => ingress.publish()).toThrow('without a claim');
  });

  test('needs a sensible length', () => {
    const ingress = openRing({ codec: 'bytes' }).ingress('in');
    expect(() => ingress.claim(-1)).toThrow("claim needs the record's bytes, 0 to 1048576; received -1");
    expect(() => ingress.claim(1.5)).toThrow('received 1.5');
  });

  test('of a struct is filled through its fields', async () => {
    const codec = {
      kind: 'struct',
      fields: [
        { name: 'price', type: 'f64' },
        { name: 'size', type: 'u32' },
        { name: 'symbol', type: 'utf8(8)' },
      ],
    } as const;
    const pipeline = openRing({ codec });
    const ingress = pipeline.ingress('in');
    const writer = ingress.claim();
    if (writer === undefined) throw new Error('there is room');
    writer.fields.price = 1.25;
    writer.fields.size = 100;
    writer.fields.symbol = 'ABC';
    ingress.publish();
    expect(() => ingress.claim(7)).toThrow('every record of "in" has 24 bytes; claim() was given 7');
    expect(await collect(pipeline.egress('out'), 1)).toEqual([{ price: 1.25, size: 100, symbol: 'ABC' }]);
  });
});

describe('a struct', () => {
  const fields = [
    { name: 'a', type: 'u32' },
    { name: 't', type: 'utf8(6)' },
  ] as const;

  test('that a stage writes to is claimed whole too, wherever it lies', async () => {
    const stages = [{ id: 'tail', op: 'append', config: { text: '!' } }];
    const pipeline = openRing({ codec: { kind: 'struct', fields }, stages, out: 'bytes' });
    const ingress = pipeline.ingress('in');
    expect(() => ingress.claim(5)).toThrow('every record of "in" has 12 bytes; claim() was given 5');
    for (let i = 0; i < 3; i++) {
      const writer = ingress.claim();
      if (writer === undefined) throw new Error('there is room');
      writer.fields.a = i;
      writer.fields.t = `t${i}`;
      ingress.publish();
    }
    // The stage made 13 bytes of each.
    const egress = pipeline.egress('out') as unknown as { poll(fn: (record: Uint8Array) => void): number };
    const texts = (await collect(egress, 3)).map((record) => Buffer.from(record).toString('latin1'));
    expect(texts).toEqual([0, 1, 2].map((i) => `${String.fromCharCode(i)}\0\0\0t${i}\0\0\0\0\0\0!`));
  });

  test('that arrives with another length than its own is refused in every form of reading', async () => {
    const pipeline = openRing({ codec: 'bytes', out: { kind: 'struct', fields } });
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 3; i++) ingress.tryPush(new Uint8Array(13));
    ingress.flush();
    const egress = pipeline.egress('out');
    await egress.ready();
    const message = 'a record of 13 bytes came to a struct of 12 bytes';
    expect(() => egress.poll(() => {})).toThrow(message);
    expect(() => egress.pollInPlace(() => {})).toThrow(message);
    expect(() => egress.pollBatch((cursor) => cursor.next())).toThrow(message);
    expect(pipeline.ledger().boundaries.out).toMatchObject({ out: 3 });
  });

  test('with a text that is too long is refused by its field, and not pushed', () => {
    const pipeline = openRing({ codec: { kind: 'struct', fields } }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    expect(() => ingress.tryPush({ a: 1, t: 'longer than six' })).toThrow(
      'field "t" takes a string of at most 6 bytes of UTF-8, received the string "longer than six" (15 bytes)',
    );
    expect(ingress.tryPush({ a: 1, t: 'six...' })).toBe('OK');
    expect(pipeline.halt().boundaries.in).toMatchObject({ published: 1, too_large: 0 });
  });
});

describe('a poll handle', () => {
  test('delivers nothing when there is nothing', () => {
    expect(
      openRing({ codec: 'utf8' })
        .egress('out')
        .poll(() => {}),
    ).toBe(0);
  });

  test('delivers at most as many as asked for', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c', 'd']);
    pipeline.ingress('in').flush();
    await until(() => pipeline.snapshot().agents[1]?.sequence === 4);
    const seen: string[] = [];
    expect(egress.poll((record) => seen.push(record), 3)).toBe(3);
    expect(egress.poll((record) => seen.push(record), 3)).toBe(1);
    expect(egress.poll((record) => seen.push(record), 0)).toBe(0);
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  test('gives records that stay when the ring goes on', async () => {
    const pipeline = openRing({ codec: 'bytes' }, { capacity: 2 });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    const kept: Uint8Array[] = [];
    for (let i = 0; i < 10; i++) {
      ingress.tryPush(new Uint8Array([i]));
      kept.push(...(await collect(egress, 1)));
    }
    expect(kept.map((record) => record[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('shows records in place, with sequence and length', async () => {
    const pipeline = openRing({ codec: 'bytes' });
    pipeline.ingress('in').tryPushBatch(['one', 'three'].map(bytes));
    pipeline.ingress('in').flush();
    await until(() => pipeline.snapshot().agents[1]?.sequence === 2);
    const seen: unknown[] = [];
    pipeline.egress('out').pollInPlace((cursor) => {
      seen.push([
        cursor.sequence,
        cursor.length,
        cursor.buffer.toString('utf8', cursor.offset, cursor.offset + cursor.length),
      ]);
    });
    expect(seen).toEqual([
      [0, 3, 'one'],
      [1, 5, 'three'],
    ]);
  });

  test('lets a batch be walked, and keeps what was not reached', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c', 'd']);
    pipeline.ingress('in').flush();
    await until(() => pipeline.snapshot().agents[1]?.sequence === 4);
    const seen: string[] = [];
    const walked = egress.pollBatch((cursor) => {
      while (seen.length < 2 && cursor.next())
        seen.push(cursor.buffer.toString('utf8', cursor.offset, cursor.offset + cursor.length));
    });
    expect(walked).toBe(2);
    egress.poll((record) => seen.push(record));
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  test('has taken the records up to the one whose callback threw, and no other', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    pipeline.ingress('in').flush();
    await until(() => pipeline.snapshot().agents[1]?.sequence === 3);
    const fail = (record: string): void => {
      if (record === 'b') throw new Error('not this one');
    };
    expect(() => egress.poll(fail)).toThrow('not this one');
    expect(pipeline.snapshot().agents[2]).toMatchObject({ kind: 'egress', sequence: 2 });
    expect(await collect(egress, 1)).toEqual(['c']);
  });

  test('does not poll inside its own callback', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPush('x');
    await egress.ready();
    expect(() => egress.poll(() => egress.poll(() => {}))).toThrow(
      'poll of "out" was called from inside its own callback: return from it first',
    );
  });

  test('refuses a limit that is none', () => {
    const egress = openRing({ codec: 'utf8' }).egress('out');
    expect(() => egress.poll(() => {}, Number.NaN)).toThrow('limit is NaN: give the most records to deliver');
  });

  test('skips what a stage filtered and counts it', async () => {
    const stages = [{ id: 'keep', op: 'filter', config: { contains: 'yes' } }];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPushBatch(['yes 1', 'no', 'no', 'yes 2', 'no']);
    expect(await collect(pipeline.egress('out'), 2)).toEqual(['yes 1', 'yes 2']);
    const ledger = await pipeline.stop();
    expect(ledger.boundaries.out).toMatchObject({ in: 2, out: 2, skipped: 3 });
    expect(ledger.stages.keep).toMatchObject({ in: 5, out: 2, filtered: 3 });
    expect(ledger.balanced).toBe(true);
  });

  test('delivers what writing stages made of a record', async () => {
    const stages = [
      { id: 'head', op: 'prepend', config: { text: '<<' } },
      { id: 'tail', op: 'append', config: { text: '>>' } },
    ];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPushBatch(['a', '', 'long enough to matter']);
    expect(await collect(pipeline.egress('out'), 3)).toEqual(['<<a>>', '<<>>', '<<long enough to matter>>']);
  });
});

describe('asking for a handle', () => {
  test('names the boundaries that there are', () => {
    const pipeline = openRing({ codec: 'utf8' });
    // @ts-expect-error the plan has no such ingress
    expect(() => pipeline.ingress('input')).toThrow(
      'pipeline "ring" has no ingress "input"; it has "in" (ingress), "out" (egress)',
    );
    // @ts-expect-error "in" is an ingress
    expect(() => pipeline.egress('in')).toThrow('pipeline "ring" has no egress "in"');
  });

  test('fails for a boundary that JavaScript does not run', () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    expect(() => pipeline.egress('out')).toThrow(
      'egress "out" is run by an adapter or discarded: open the pipeline with ports: { out: "js" } to get a handle',
    );
  });

  test('works again after the handle was given back, and goes on where it stopped', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    pipeline.ingress('in').tryPush('first');
    pipeline.ingress('in').release();
    const again = pipeline.ingress('in');
    expect(again.tryPush('second')).toBe('OK');
    const one = { poll: (fn: (record: string) => void) => pipeline.egress('out').poll(fn, 1) };
    expect(await collect(one, 1)).toEqual(['first']);
    pipeline.egress('out').release();
    const rest = await collect(pipeline.egress('out'), 1);
    const ledger = await pipeline.stop();
    expect(rest).toEqual(['second']);
    expect(ledger.boundaries).toMatchObject({ in: { published: 2, bytes: 11 }, out: { out: 2, bytes: 11 } });
    expect(ledger.balanced).toBe(true);
  });

  test('makes the handle that was given back useless, with a reason', () => {
    const pipeline = openRing({ codec: 'utf8' });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    ingress.release();
    egress.release();
    expect(ingress.tryPush('x')).toBe('CLOSED');
    expect(() => egress.poll(() => {})).toThrow('the handle of egress "out" was given back');
  });
});

describe('a text in place of a batch', () => {
  test('is refused by both calls, and no letter of it is pushed', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    const words = 'a batch is an array of records, and a text was given ("abc"): put it into an array';
    expect(() => ingress.tryPushBatch('abc' as unknown as string[])).toThrow(words);
    await expect(ingress.pushBatch('abc' as unknown as string[])).rejects.toMatchObject({
      code: 'BAD_RECORD',
      message: words,
    });
    expect((await pipeline.stop()).boundaries.in.published).toBe(0);
  });
});
