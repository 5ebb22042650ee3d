import { describe, expect, test } from 'vitest';
import type { StageEntry } from '../../lib/plan/document.js';
import { bytes, openRing } from './rings.js';

/** Records that stages filtered reach no handle, but they occupy the ring until the egress has moved over them. */

const KEEP: readonly StageEntry[] = [{ id: 'keep', op: 'filter', config: { contains: 'keep' } }];
const SMALL = { capacity: 4, recordMax: 64, arenaBytes: 512 } as const;

describe('an egress that only waits', () => {
  test('gives the room of filtered records back, so that a full ring of them does not stop the producer', async () => {
    const pipeline = openRing({ codec: 'bytes', stages: KEEP }, SMALL);
    const ready = pipeline.egress('out').ready();
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 40; i++) await ingress.push(bytes('drop'));
    await ingress.push(bytes('keep'));
    expect(await ready).toBe(true);
  });

  test('sees the end behind filtered records, and so does finished()', async () => {
    const pipeline = openRing({ codec: 'bytes', stages: KEEP }, SMALL);
    const egress = pipeline.egress('out');
    const ingress = pipeline.ingress('in');
    for (const word of ['keep', 'drop', 'drop']) await ingress.push(bytes(word));
    ingress.close();
    let count = 0;
    while (await egress.ready()) count += egress.poll(() => {}, 1);
    const ledger = await pipeline.finished();
    expect(count).toBe(1);
    expect(ledger.boundaries.out).toMatchObject({ in: 1, skipped: 2, abandoned: 0 });
    expect(ledger.balanced).toBe(true);
  });

  test('ends a for await whose last records were filtered, and the pipeline with it', async () => {
    const pipeline = openRing({ codec: 'bytes', stages: KEEP }, SMALL);
    const ingress = pipeline.ingress('in');
    for (const word of ['keep', 'drop', 'drop']) await ingress.push(bytes(word));
    ingress.close();
    let count = 0;
    for await (const _ of pipeline.egress('out')) count++;
    expect(count).toBe(1);
    expect((await pipeline.finished()).balanced).toBe(true);
  });
});
