import { describe, expect, test } from 'vitest';
import { PipelineFailedError } from '../../lib/error/errors.js';
import { collect, openRing } from './rings.js';

describe('for await', () => {
  test('gives every record in order and ends with the pipeline', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 16 });
    const ingress = pipeline.ingress('in');
    const sent = Array.from({ length: 1000 }, (_, i) => `record ${i}`);
    const pushing = ingress.pushBatch(sent).then(() => ingress.close());
    const seen: string[] = [];
    for await (const record of pipeline.egress('out')) seen.push(record);
    await pushing;
    expect(seen).toEqual(sent);
  });

  test('that is left early has taken the records up to the current one, and no other', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c', 'd']);
    for await (const record of egress) if (record === 'b') break;
    expect(pipeline.snapshot().agents[2]).toMatchObject({ kind: 'egress', sequence: 2 });
    expect(await collect(egress, 2)).toEqual(['c', 'd']);
  });

  test('whose body throws has taken the same', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    const loop = async (): Promise<void> => {
      for await (const record of egress) if (record === 'a') throw new Error('in the body');
    };
    await expect(loop()).rejects.toThrow('in the body');
    expect(await collect(egress, 2)).toEqual(['b', 'c']);
  });

  test('can be taken up again where it was left', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    pipeline.ingress('in').close();
    const seen: string[] = [];
    for await (const record of egress) {
      seen.push(record);
      break;
    }
    for await (const record of egress) seen.push(record);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test('throws after the last good record when one has failed', async () => {
    const stages = [
      { id: 'first', op: 'identity' },
      { id: 'guard', op: 'reject', config: { contains: 'bad' } },
      { id: 'last', op: 'identity' },
    ];
    const pipeline = openRing({ codec: 'utf8', stages });
    pipeline.ingress('in').tryPushBatch(['good 1', 'good 2', 'bad', 'after']);
    const seen: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const record of pipeline.egress('out')) seen.push(record);
    };
    const error: unknown = await loop().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PipelineFailedError);
    expect(error).toMatchObject({ code: 'PIPELINE_FAILED', failure: { stage: 'guard', shard: 0, sequence: 2 } });
    expect(seen).toEqual(['good 1', 'good 2']);
  });

  test('ends without an error when the pipeline is halted', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    setTimeout(() => pipeline.halt(), 5);
    const seen: string[] = [];
    for await (const record of pipeline.egress('out')) seen.push(record);
    expect(seen).toEqual([]);
  });

  test('over records() ends each wait at its deadline', async () => {
    const egress = openRing({ codec: 'utf8' }).egress('out');
    await expect(egress.records({ deadline: 5 }).next()).rejects.toThrow('within 5 ms');
  });

  test('answers calls of next() that do not wait for each other in order', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const iterator = pipeline.egress('out')[Symbol.asyncIterator]();
    const three = [iterator.next(), iterator.next(), iterator.next()];
    pipeline.ingress('in').tryPushBatch(['a', 'b']);
    pipeline.ingress('in').close();
    expect(await Promise.all(three)).toEqual([
      { value: 'a', done: false },
      { value: 'b', done: false },
      { value: undefined, done: true },
    ]);
  });
});
