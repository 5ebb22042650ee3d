import { describe, expect, test } from 'vitest';
import { ConsumerBlock, ProducerBlock } from '../../lib/abi/definition.js';
import { readLedger } from '../../lib/region/ledger.js';
import { Region } from '../../lib/region/region.js';
import { attach } from '../../lib/runtime/attach.js';
import { nativeAddon } from '../../lib/runtime/native.js';
import { stageCounts } from '../support/stage-counts.js';
import { openRing } from './rings.js';

const STAGES = [
  { id: 'keep', op: 'filter', config: { contains: 'a' } },
  { id: 'last', op: 'identity' },
];

/** The region of a stopped ring in which 10 of 20 records were filtered, as a copy that may be damaged. */
async function settledRegion(): Promise<{
  region: Region;
  doubles: Float64Array;
  at: (agent: number, field: number) => number;
}> {
  const pipeline = openRing({ codec: 'utf8', stages: STAGES }, { ports: { out: 'discard' } });
  for (let i = 0; i < 10; i++) pipeline.ingress('in').tryPushBatch(['a', 'b']);
  await pipeline.stop();
  const native = nativeAddon().attach(pipeline.number, false, () => {});
  if (native === null) throw new Error('the pipeline is there');
  const copy = new ArrayBuffer(native.regionBytes);
  native.copyOut(copy, 0, native.regionBytes);
  native.detach();
  const region = new Region(copy);
  const at = (agent: number, field: number): number => ((region.agents[agent]?.u64('block_offset') ?? 0) + field) / 8;
  return { region, doubles: new Float64Array(copy), at };
}

describe('the ledger', () => {
  test('balances after a drain and says what happened where', async () => {
    const { region } = await settledRegion();
    expect(readLedger(region)).toEqual({
      balanced: true,
      settled: true,
      boundaries: {
        in: { kind: 'ingress', published: 20, bytes: 20, dropped: 0, too_large: 0, keyless: 0 },
        out: { kind: 'egress', in: 10, out: 10, abandoned: 0, skipped: 10, bytes: 10 },
      },
      stages: {
        keep: stageCounts({ in: 20, out: 10, filtered: 10, skipped: 0 }),
        last: stageCounts({ in: 10, out: 10, skipped: 10 }),
      },
      inserted: {},
      lanes: {},
      imbalances: [],
      failure: null,
    });
  });

  test.each([
    ['a record that a stage never saw', 2, ConsumerBlock.offset.in, -1, 'last', 'published = in + skipped', 20, 19],
    [
      'a record that a stage lost',
      1,
      ConsumerBlock.offset.out,
      -1,
      'keep',
      'in = passed_on + filtered + failed + absorbed + abandoned + held',
      20,
      19,
    ],
    [
      'a record that came from nowhere',
      0,
      ProducerBlock.offset.published,
      1,
      'keep',
      'published = in + skipped',
      21,
      20,
    ],
    [
      'a stage that saw what was filtered before it',
      2,
      ConsumerBlock.offset.skipped,
      -1,
      'last',
      'skipped >= filtered + dropped + dead_lettered + skipped before it',
      9,
      10,
    ],
  ])('names the equation that does not hold: %s', async (_, agent, field, change, id, equation, left, right) => {
    const { region, doubles, at } = await settledRegion();
    doubles[at(agent, field)] = (doubles[at(agent, field)] ?? 0) + change;
    const ledger = readLedger(region);
    expect(ledger.balanced).toBe(false);
    expect(ledger.imbalances).toContainEqual({ at: id, shard: 0, equation, left, right });
  });

  test('does not balance when two errors cancel out in the sums of two shards', () => {
    const pipeline = openRing(
      { codec: 'utf8', shards: 2, shard_key: { kind: 'bytes', offset: 0, length: 1 } },
      { ports: { out: 'discard' } },
    );
    for (const key of ['a', 'b', 'c', 'd']) pipeline.ingress('in').tryPush(key);
    pipeline.halt();
    const native = nativeAddon().attach(pipeline.number, false, () => {});
    const copy = new ArrayBuffer(native?.regionBytes ?? 0);
    native?.copyOut(copy, 0, copy.byteLength);
    const region = new Region(copy);
    expect(readLedger(region).balanced).toBe(true);
    const doubles = new Float64Array(copy);
    const place = (agent: number): number =>
      ((region.agents[agent]?.u64('block_offset') ?? 0) + ConsumerBlock.offset.in) / 8;
    doubles[place(1)] = (doubles[place(1)] ?? 0) + 1;
    doubles[place(4)] = (doubles[place(4)] ?? 0) - 1;
    expect(readLedger(region).balanced).toBe(false);
  });

  test('is the same for every thread that looks', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const other = attach(pipeline.number);
    pipeline.ingress('in').tryPush('x');
    const ledger = await pipeline.stop();
    expect(other.ledger()).toEqual(ledger);
    other.detach();
  });
});
