import { Readable } from 'node:stream';
import { pipeline as connect } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { bytes, collect, openRing } from './rings.js';

const LINES = Array.from({ length: 500 }, (_, i) => `line ${i}`);

describe('Node streams', () => {
  test('carry records through a small ring, and their ends are the ends of the pipeline', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 8 });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const record of pipeline.egress('out').readable()) seen.push(record);
    })();
    await connect(Readable.from(LINES), pipeline.ingress('in').writable());
    await reading;
    expect(seen).toEqual(LINES);
    expect((await pipeline.stop()).balanced).toBe(true);
  });

  test('carry bytes without boundaries when they are not in object mode', async () => {
    const pipeline = openRing({ codec: 'bytes' });
    const writable = pipeline.ingress('in').writable({ objectMode: false });
    for (const line of LINES) writable.write(line);
    writable.end();
    const chunks: Buffer[] = [];
    for await (const chunk of pipeline.egress('out').readable({ objectMode: false })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(LINES.join(''));
  });

  test('make a fast writer wait', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 4 });
    const writable = pipeline.ingress('in').writable({ highWaterMark: 2 });
    const asked = LINES.slice(0, 20).map((line) => writable.write(line));
    expect(asked).toContain(false);
    expect(await collect(pipeline.egress('out'), 20)).toEqual(LINES.slice(0, 20));
  });

  test('leave the ingress open when asked to', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    await connect(Readable.from(['a']), pipeline.ingress('in').writable({ close: false }));
    expect(pipeline.ingress('in').tryPush('b')).toBe('OK');
    expect(await collect(pipeline.egress('out'), 2)).toEqual(['a', 'b']);
  });

  test('fail with the record that the codec cannot take', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    await expect(connect(Readable.from(['a', 5]), pipeline.ingress('in').writable())).rejects.toThrow(
      'a utf8 record is a string, received 5',
    );
  });

  test('fail with the pipeline', async () => {
    const stages = [{ id: 'guard', op: 'reject', config: { contains: 'bad' } }];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPushBatch(['good', 'bad', 'after']);
    const seen: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const record of pipeline.egress('out').readable()) seen.push(record);
    };
    await expect(reading()).rejects.toThrow('"guard" failed at sequence 1 of shard 0');
    expect(seen).toEqual(['good']);
  });

  test('can be destroyed while they wait', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 1 });
    const readable = pipeline.egress('out').readable();
    const closed = new Promise((resolve) => readable.once('close', resolve));
    readable.resume();
    readable.destroy();
    await closed;
    pipeline.ingress('in').tryPush('still there');
    expect(await collect(pipeline.egress('out'), 1)).toEqual(['still there']);
  });
});

describe('web streams', () => {
  test('carry records through a small ring', async () => {
    const pipeline = openRing({ codec: 'bytes' }, { capacity: 8 });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const record of pipeline.egress('out').readableWeb()) seen.push(Buffer.from(record).toString());
    })();
    const writer = pipeline.ingress('in').writableWeb().getWriter();
    for (const line of LINES) await writer.write(bytes(line));
    await writer.close();
    await reading;
    expect(seen).toEqual(LINES);
  });

  test('can be cancelled and aborted while they wait', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 1 });
    const reader = pipeline.egress('out').readableWeb().getReader();
    const reading = reader.read();
    await reader.cancel();
    expect(await reading).toEqual({ value: undefined, done: true });
    const writer = pipeline.ingress('in').writableWeb().getWriter();
    const writing = Promise.allSettled([writer.write('a'), writer.write('b')]);
    await writer.abort('enough');
    const settled = await writing;
    expect(settled[1]?.status).toBe('rejected');
  });

  test('fail with the pipeline', async () => {
    const stages = [{ id: 'guard', op: 'reject', config: { contains: 'bad' } }];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPush('bad');
    await expect(pipeline.egress('out').readableWeb().getReader().read()).rejects.toThrow('"guard" failed');
  });
});
