/**
 * The two ends of what carries records, as the handles use them: a shard of a ring (shard-producer.ts,
 * shard-consumer.ts) or a lane of frames (frame-producer.ts, frame-consumer.ts). Hot: one handle has ends of one class,
 * so its calls stay monomorphic where a process runs one kind of pipeline, and have two targets where it runs both.
 * Sequences are 32-bit and wrap; `at` is always a byte index into `memory.bytes`.
 */

import type { RecordMemory } from './shard-memory.js';

/** The writing end. One owner: the thread that has taken the ingress. */
export interface RecordProducer {
  readonly memory: RecordMemory;
  /** Bytes of the largest record. */
  readonly recordMax: number;
  /** Sequence of the next record to be claimed, and of the first that no reader may see yet. */
  readonly next: number;
  readonly published: number;
  /** Bytes committed since the last publication, where records differ in length. */
  readonly pendingBytes: number;
  /** It has been closed, by any thread. */
  readonly closed: boolean;
  /** Room for one record of up to `length` ≤ recordMax bytes, or -1. A claim that is not committed costs nothing. */
  claim(length: number): number;
  /** The claimed record is complete: `length` bytes, at most what was claimed. Not visible yet. */
  commit(length: number, flags: number): void;
  /** Makes what is committed visible and wakes who sleeps. True when there was something. */
  publish(): boolean;
  /** Forgets what was committed since the last publication. */
  rollBack(): void;
  /** Publishes; nothing more will come. */
  close(): void;
  armRoom(): void;
  addKeyless(): void;
  /** Adds to a counter of the ProducerBlock, named by its offset. */
  add(field: number, count?: number): void;
  /** Records that still fit, as far as is known now; in a lane of frames at most so many, if they are small. */
  freeRecords(): number;
  /** Bytes of the largest record that could be claimed now. */
  freeBytes(): number;
  /** Shows observers why this end does not move. Slow path. */
  reportStalled(): void;
  report(state: number): void;
  /** This end, where records are slots of one size; else undefined. */
  readonly slots: SlotProducer | undefined;
}

/** Slots of one size that are the records themselves: record n begins at `(n & slotMask) * stride + wordBytes`. */
export interface Slots {
  readonly slotMask: number;
  /** Bytes from one record to the next, a multiple of 8. */
  readonly stride: number;
  /** Bytes before the first record: 0, or those of a slot's sequence word. */
  readonly wordBytes: number;
}

/** The writing end of slots. */
export interface SlotProducer extends RecordProducer, Slots {
  /** `next` at which there is no room as far as is known. */
  readonly limit: number;
  /** Records that can be written now, at most `most`; looks at the readers first where fewer are known of. */
  room(most: number): number;
  /** `commit` of as many records as have been written behind the last one. */
  commitMany(count: number): void;
}

/** The reading end. One owner: the thread that has taken the egress. */
export interface RecordConsumer {
  readonly memory: RecordMemory;
  /** Bytes of every record where slots are of one size; else 0. */
  readonly recordBytes: number;
  /** Where the record that `advance` found stands: index in `memory.bytes`, bytes, flags. */
  readonly at: number;
  readonly length: number;
  readonly flags: number;
  /** Sequence of the record that `advance` found last. */
  readonly currentSequence: number;
  /** Looks how far it may read. True when there is something to look at. */
  refresh(): boolean;
  /** Moves to the next record; false when what `refresh` found is used up. It stays readable until `release`. */
  advance(): boolean;
  /** True when `advance` would find a record, perhaps after a `refresh`. */
  hasRecord(): boolean;
  /** Gives everything consumed so far back. True when there was something. */
  release(): boolean;
  /** As `release`, but for the record that `advance` found last. */
  releaseButLast(): boolean;
  /** True when a JS producer sleeps until there is room; the caller must then wake it. */
  takeRoomArmed(): boolean;
  armRecords(): void;
  /** Shows observers whom this end waits for. Slow path. */
  reportWaiting(): void;
  report(state: number): void;
  /** This end, where records are slots of one size; else undefined. */
  readonly slots: SlotConsumer | undefined;
}

/** The reading end of slots. */
export interface SlotConsumer extends RecordConsumer, Slots {
  /**
   * Moves over the records that stand side by side from the next one on, at most `most` of them: up to one that a stage
   * filtered, or to the last slot. Returns how many; 0 when what `refresh` found is used up. They stay readable until `release`.
   */
  advanceRun(most: number): number;
  /** Slot of the record that was found last. */
  readonly currentSlot: number;
}
