import { afterEach } from 'vitest';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { Codec, LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile } from '../../lib/version/version.js';
import { linePlanOf } from '../support/line-plan.js';
import { openRing } from './rings.js';

/** The same handles over everything that carries records, for tests of what must hold in each of them. */

type Lane = LaneGraphPlan['lane_graph']['connections'][number]['lane'];

export interface Shape<R> {
  readonly pipeline: Pipeline;
  readonly ingress: PushHandle<R>;
  readonly egress: PollHandle<R>;
}

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

/** in → pass → out, over lanes of one kind. */
export function openLine(codec: Codec, lane: Lane, options: OpenOptions = {}): Pipeline {
  const pipeline = open(compile(linePlanOf(codec, lane, lane)), options as never);
  opened.push(pipeline);
  return pipeline;
}

const SLOTS = { kind: 'SequencedSlots', capacity: 64, gating: 4 } as const;
const KEY = { kind: 'bytes', offset: 0, length: 1 } as const;

/** Name → pipeline with the ingress `in` and the egress `out`, which hold 64 records or more. */
export const SHAPES: Readonly<Record<string, (codec: Codec) => Pipeline>> = {
  ring: (codec) => openRing({ codec }, { capacity: 64 }) as unknown as Pipeline,
  'ring of three shards': (codec) =>
    openRing({ codec, shards: 3, shard_key: KEY }, { capacity: 64 }) as unknown as Pipeline,
  'lanes of frames': (codec) => openLine(codec, { kind: 'Events', capacity_bytes: 65_536 }),
  'lanes of slots': (codec) => openLine(codec, SLOTS),
};

export function shapeOf<R>(name: string, codec: Codec): Shape<R> {
  const pipeline = (SHAPES[name] as (codec: Codec) => Pipeline)(codec);
  const ingress = pipeline.ingress('in') as unknown as PushHandle<R>;
  return { pipeline, ingress, egress: pipeline.egress('out') as unknown as PollHandle<R> };
}
