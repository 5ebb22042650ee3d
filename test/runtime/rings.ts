import { afterEach } from 'vitest';
import type { Codec, Key, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile, type Version } from '../../lib/version/version.js';

/** A ring with one ingress `in` and one egress `out`, stages in a line, for tests of the handles. */
export interface RingShape<C extends Codec> {
  readonly codec: C;
  readonly stages?: readonly StageEntry[];
  readonly shards?: number;
  readonly shard_key?: Key;
  /** Codec of the egress, where it is another one; handles are typed by `codec` all the same. */
  readonly out?: Codec;
}

export const IDENTITY: readonly StageEntry[] = [{ id: 'pass', op: 'identity' }];

type RingPlan<C extends Codec> = Omit<SingleRingPlan, 'boundaries'> & {
  readonly boundaries: readonly [
    { readonly id: 'in'; readonly kind: 'ingress'; readonly codec: C },
    { readonly id: 'out'; readonly kind: 'egress'; readonly codec: C },
  ];
};

export function ringVersion<const C extends Codec>(shape: RingShape<C>): Version<RingPlan<C>> {
  const { codec, stages = IDENTITY, shards = 1, shard_key, out = codec } = shape;
  const line = stages.map((stage, index) => {
    const before = stages[index - 1];
    return { stage: stage.id, depends_on: before === undefined ? [] : [before.id] };
  });
  const plan = {
    version: 2,
    name: 'ring',
    target: 'SingleRing',
    stages,
    boundaries: [
      { id: 'in', kind: 'ingress', codec },
      { id: 'out', kind: 'egress', codec: out },
    ],
    single_ring: {
      stages: line,
      ...(shards > 1 ? { shards, ordering: 'PerKey', shard_key } : {}),
    },
  } as unknown as RingPlan<C>;
  return compile(plan);
}

const opened: { halt(): unknown }[] = [];

/** Opens a ring and halts it after the test, whatever happened. */
export function openRing<const C extends Codec>(
  shape: RingShape<C>,
  options: OpenOptions<'in' | 'out'> = {},
): Pipeline<RingPlan<C>> {
  const pipeline = open(ringVersion(shape), options as never);
  opened.push(pipeline);
  return pipeline;
}

afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

/** Polls until `count` records have come; gives the loop's turns to everybody else in between. */
export async function collect<R>(egress: { poll(fn: (record: R) => void): number }, count: number): Promise<R[]> {
  const records: R[] = [];
  while (records.length < count)
    if (egress.poll((record) => records.push(record)) === 0) await new Promise((resolve) => setImmediate(resolve));
  return records;
}

/** Lets native threads and the event loop move on until something has become true. The test's watchdog ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
export const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);
