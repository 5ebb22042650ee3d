/**
 * Where the handles of a pipeline write and read: the shards of a ring (ring-ends.ts) or the lanes of a graph
 * (graph-ends.ts). Made once for each hold on a pipeline (open-ends.ts); the handles know nothing of targets.
 */

import type { RecordConsumer, RecordProducer } from './record-ends.js';

/** What a push handle writes to. */
export interface PushEnd {
  /** One a shard; a lane is one. */
  readonly producers: readonly RecordProducer[];
  /** A record that does not fit is dropped and counted; no push waits for room. */
  readonly drops: boolean;
  /** Lane that it writes, or undefined in a ring. */
  readonly lane: string | undefined;
  /** JournalBlock and ProducerBlock of the lane where it is a journal. */
  readonly journal: { readonly blockAt: number; readonly producerAt: number } | undefined;
  /** ProducerBlock of each producer. */
  readonly producersAt: readonly number[];
  /** `0 of 8192 slots are free`: for the error of a wait that was in vain. */
  roomWords(): string;
}

export interface PipelineEnds {
  /** JavaScript runs that boundary. */
  isJs(id: string, kind: 'ingress' | 'egress'): boolean;
  /** @param leastRecord bytes of the smallest record that will be pushed */
  push(id: string, leastRecord: number): PushEnd;
  /** One reading end a shard; a lane is one. */
  poll(id: string): readonly RecordConsumer[];
  /** Nothing comes behind what that egress can read now: its writer has ended. False where that is not known. */
  writerEnded(id: string): boolean;
  /** Records (of a lane of frames: bytes) that have reached that egress of JavaScript and were not taken yet. */
  unread(id: string): number;
  /** Everything that has reached an egress of JavaScript has been taken. */
  taken(): boolean;
}
