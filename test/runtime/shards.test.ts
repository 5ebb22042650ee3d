import { describe, expect, test } from 'vitest';
import { bytes, collect, openRing, text, until } from './rings.js';

const KEYED = { codec: 'bytes', shards: 4, shard_key: { kind: 'token', separator: ',', index: 0 } } as const;

describe('a sharded ring', () => {
  test('puts every record of a key into one shard', async () => {
    const pipeline = openRing(KEYED);
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 400; i++) expect(ingress.tryPush(bytes(`key ${i % 20},${i}`))).toBe('OK');
    const shardOf = new Map<string, number>();
    let seen = 0;
    const look = (): void => {
      pipeline.egress('out').pollInPlace((cursor) => {
        const key = cursor.buffer
          .toString('utf8', cursor.offset, cursor.offset + cursor.length)
          .split(',')[0] as string;
        expect(shardOf.get(key) ?? cursor.shard).toBe(cursor.shard);
        shardOf.set(key, cursor.shard);
        seen++;
      });
    };
    for (; seen < 400; look()) await new Promise((resolve) => setImmediate(resolve));
    expect(new Set(shardOf.values()).size).toBeGreaterThan(1);
  });

  test('counts a record without a key once and sends it to shard 0', async () => {
    const pipeline = openRing({ ...KEYED, shard_key: { kind: 'token', separator: ',', index: 3 } });
    const ingress = pipeline.ingress('in');
    ingress.tryPush(bytes('no such token'));
    ingress.tryPush(bytes('a,b,c,d'));
    expect((await collect(pipeline.egress('out'), 2)).map(text).sort()).toEqual(['a,b,c,d', 'no such token']);
    expect((await pipeline.stop()).boundaries.in).toMatchObject({ published: 2, keyless: 1 });
  });

  test('counts it once also when it had to wait for room', async () => {
    const pipeline = openRing({ ...KEYED, shard_key: { kind: 'token', separator: ',', index: 3 } }, { capacity: 1 });
    const ingress = pipeline.ingress('in');
    const pushing = ingress.pushBatch([bytes('one'), bytes('two'), bytes('three')]);
    expect((await collect(pipeline.egress('out'), 3)).map(text)).toEqual(['one', 'two', 'three']);
    await pushing;
    expect((await pipeline.stop()).boundaries.in).toMatchObject({ keyless: 3 });
  });

  test('takes a claim with its key into the shard where a push of that key goes', async () => {
    const pipeline = openRing(KEYED);
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    for (let i = 0; i < 8; i++) {
      ingress.tryPush(bytes(`key ${i},pushed`));
      const writer = ingress.claim(20, i % 2 === 0 ? `key ${i}` : bytes(`key ${i}`));
      if (writer === undefined) throw new Error('there is room');
      ingress.publish(writer.buffer.write(`key ${i},claimed`, writer.offset));
    }
    const shards = new Map<string, Set<number>>();
    let seen = 0;
    while (seen < 16) {
      egress.pollInPlace((cursor) => {
        const key = cursor.buffer.toString('utf8', cursor.offset, cursor.offset + 5);
        shards.set(key, (shards.get(key) ?? new Set()).add(cursor.shard));
        seen++;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...shards.values()].map((set) => set.size)).toEqual(Array.from({ length: 8 }, () => 1));
  });

  test('wants to know the key of a claim', () => {
    const ingress = openRing(KEYED).ingress('in');
    expect(() => ingress.claim(4)).toThrow('"in" has 4 shards: claim(length, key) needs the record\'s key');
  });

  test('is full only for the records of a full shard', async () => {
    const pipeline = openRing(KEYED, { capacity: 2 });
    const ingress = pipeline.ingress('in');
    expect([1, 2, 3].map((n) => ingress.tryPush(bytes(`a,${n}`)))).toEqual(['OK', 'OK', 'FULL']);
    const others = Array.from({ length: 20 }, (_, i) => ingress.tryPush(bytes(`other ${i},x`)));
    expect(others).toContain('OK');
    expect(ingress.free).toBe(0);
  });

  test('polls its shards in turn, so that a busy one does not starve the others', async () => {
    const pipeline = openRing(KEYED);
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    for (let i = 0; i < 200; i++) ingress.tryPush(bytes(`key ${i},x`));
    const drained = pipeline.finished();
    ingress.close();
    // A shard whose thread came late would not be among the first turns, whoever polls.
    const done = () => pipeline.snapshot().agents.filter(({ kind }) => kind === 'stage');
    await until(() => done().reduce((sum, { sequence }) => sum + sequence, 0) === 200);
    const turns: number[] = [];
    for (let polls = 0; turns.length < 200 && polls < 10_000; polls++) {
      egress.pollInPlace((cursor) => turns.push(cursor.shard), 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await drained;
    const first = new Set(turns.slice(0, 40));
    expect(first.size).toBe(new Set(turns).size);
  });

  test('routes structs by a field', async () => {
    const codec = {
      kind: 'struct',
      fields: [
        { name: 'account', type: 'u64' },
        { name: 'amount', type: 'f64' },
      ],
    } as const;
    const pipeline = openRing({ codec, shards: 2, shard_key: { kind: 'field', name: 'account' } });
    const sent = Array.from({ length: 50 }, (_, i) => ({ account: BigInt(i % 5), amount: i }));
    for (const record of sent) pipeline.ingress('in').tryPush(record);
    const seen = await collect(pipeline.egress('out'), 50);
    for (let account = 0n; account < 5n; account++)
      expect(seen.filter((record) => record.account === account)).toEqual(
        sent.filter((record) => record.account === account),
      );
  });
});
