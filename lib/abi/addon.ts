/**
 * The shape of the addon: what JavaScript may call, as native/addon/addon.cpp and pipeline_object.cpp define it. Types and the bits
 * of one mask; lib/runtime/native.ts loads it.
 */

import { enums, type WordOf } from './definition.js';

/** Bits of the event mask that native threads send. */
export const { NativeEvent } = enums;

/** A native port names a row of native/adapter/registry.cpp; of its configuration only that adapter knows the keys. */
export type NativePort =
  | { readonly id: string; readonly port: 'js' | 'discard' }
  | {
      readonly id: string;
      readonly port: 'native';
      readonly adapter: string;
      readonly config: Readonly<Record<string, string | number | boolean>>;
    };

/** Options as the addon takes them: every field set, sizes in bytes or records, 0 for "default". */
export interface NativeOpenOptions {
  /** LaneGraph: where the folders of journal lanes are; empty: a folder for this run is chosen, and status() tells it. */
  readonly journalFolder: string;
  /** Where letters go; empty: no stage may have any. */
  readonly lettersFolder: string;
  /** The ingress is fed from the letters in it with these numbers (`0-4,7`), and what fails again counts its attempts on. */
  readonly lettersFed: string;
  readonly batchRecords: number;
  readonly cpus: readonly number[];
  readonly pin: boolean;
  readonly observe: boolean;
  /** deliveredOf() tells what is delivered. */
  readonly delivered: boolean;
  readonly profile: WordOf<'Profile'>;
  readonly wait: WordOf<'WaitStrategy'>;
  /** Low and high 32 bits: where all sequences begin (tests). */
  readonly firstSequence: readonly [number, number];
  readonly versionId: string;
  /** Text for those who attach. */
  readonly note: string;
  /** False: do not hand the region out as an external buffer, even where that is allowed. */
  readonly external: boolean;
  readonly ports: readonly NativePort[];
  readonly plugins: readonly NativePlugin[];
  /** Stages whose shards several environments take, each some of them. */
  readonly stageWorkers: readonly { readonly stage: string; readonly workers: number }[];
}

/** The library of a stage whose op is `native:`. */
export interface NativePlugin {
  /** Its id. */
  readonly stage: string;
  /** Absolute path. */
  readonly library: string;
  /** The stage's config as JSON; `null` where it has none. */
  readonly config: string;
  /** False: the plan declares that it emits nothing. */
  readonly emits: boolean;
}

/** One environment's hold on a running pipeline. Every function belongs to the thread that made it. */
export interface NativePipeline {
  readonly number: number;
  /** What the opener said about the pipeline (JSON), for those who attach. */
  readonly note: string;
  /**
   * The region, in place, or null where external buffers are forbidden. Do not transfer it, and never post it to a worker
   * (it would be copied).
   */
  readonly region: ArrayBuffer | null;
  readonly regionBytes: number;
  /** False: another thread has it, or JavaScript does not run that boundary. */
  takePort(id: string): boolean;
  giveBackPort(id: string): void;
  /** Hot. Wakes a native thread whose `armed` cell the caller has exchanged to 0. */
  wake(thread: number): void;
  /**
   * Takes a stage that JavaScript runs, for this environment's turns; -1: another one has it, or there is no such stage.
   * `endIsTold` 1: where this environment ends before the stage, the stage waits until `failStage` of another one says why.
   */
  takeStage(id: string, endIsTold: 0 | 1): number;
  /** The shards of that stage that are this environment's, in the order of their hosts: all, unless others run some of them. */
  stageShards(stage: number): readonly number[];
  /**
   * The thread that had that stage, or was to take it, has ended for good: a failure of the pipeline with these words, unless the
   * stage had come to its end.
   */
  failStage(id: string, cause: string): void;
  /**
   * Gives the next shard of that stage its host: memory of records, HostRow by HostRow, memory of elements, and what is called in
   * a turn with the shard, the row of the first record and how many follow it; it answers how many of the first that it has have
   * their answer, and HOST_HELD_UNIT times how many it holds behind them, and never throws. `first` is -1 behind the last record.
   * `atOnce`: the most that it holds. `limitMs`: the pipeline fails and is halted where a call takes longer; 0: none.
   */
  hostStage(
    stage: number,
    records: Uint8Array,
    rows: Uint32Array,
    elements: Uint8Array,
    work: (shard: number, first: number, records: number) => number,
    atOnce: number,
    limitMs: number,
  ): boolean;
  /** Other memory of elements, from inside of `work`. */
  setElements(stage: number, shard: number, elements: Uint8Array): boolean;
  /** What a shard of that stage has to report, as JSON: `opReports` tells it from now on. */
  reportStage(stage: number, shard: number, report: string): void;
  /** Hot. A turn of the stage; HostTurn. */
  turnStage(stage: number): number;
  /** Arms the stage, after which an event tells of work, unless a last turn found some; HostTurn. */
  armStage(stage: number): number;
  /** Sends events to every environment that holds this pipeline, this one included. */
  notify(events: number): void;
  /** Closes that ingress now; when no ingress is open any more the pipeline is closing. */
  closeIngress(id: string): void;
  /** Asks the owners of JS ingresses to close them; closes those without an owner at once. Native sources stop reading. */
  requestClose(): void;
  threadsEnded(): boolean;
  /**
   * Of that ingress's (shard's) records, how many are delivered, when this thread, which holds it, has published `shown`
   * of them; -1 where that is not kept.
   */
  deliveredOf(id: string, shard: number, shown: number): number;
  halt(): void;
  /** `scratch` is where routed records and keys stand; remembered natively, so that routing needs only a length. */
  setScratch(scratch: Uint8Array): void;
  /** Hot. Shard of the record in the scratch area, or -1 when it has no key. */
  route(length: number): number;
  /** Hot. Shard of the key in the scratch area. */
  routeKey(length: number): number;
  /** Hot where Atomics are not used (border.ts). seq_cst operations on a 32-bit cell of the observable part. */
  loadCell(offset: number): number;
  storeCell(offset: number, value: number): void;
  exchangeCell(offset: number, value: number): number;
  /** Copies `bytes` bytes at `offset` of the region to the same offset of `to`. */
  copyOut(to: ArrayBuffer, offset: number, bytes: number): void;
  /** Copies `bytes` bytes at `offset` of `from` to the same offset of the region. */
  copyIn(from: ArrayBuffer, offset: number, bytes: number): void;
  opReports(): string;
  status(): string;
  /** Keeps (or no longer keeps) the event loop alive while a promise is pending. */
  ref(): void;
  unref(): void;
  /** No more events, ports given back. Does not halt; reports stay readable. */
  detach(): void;
}

/** A value of CEL: its type's name, and what it is. Integers are decimal texts. */
export type NativeValue =
  | { readonly type: 'null'; readonly value: null }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int' | 'uint' | 'string' | 'type'; readonly value: string }
  | { readonly type: 'double'; readonly value: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  /** Nanoseconds count forward, also of a negative one. */
  | { readonly type: 'timestamp' | 'duration'; readonly value: { readonly seconds: string; readonly nanos: number } }
  | { readonly type: 'list'; readonly value: readonly NativeValue[] }
  | { readonly type: 'map'; readonly value: readonly (readonly [NativeValue, NativeValue])[] }
  | { readonly type: 'optional'; readonly value: NativeValue | null };

/** What an expression makes of a record. */
export type NativeEvaluation = {
  /** Of records of JSON: the byte where it is none, whether the expression came so far or not; null where it is JSON. */
  readonly flawAt: number | null;
} & (
  | { readonly ok: true; readonly value: NativeValue }
  | {
      readonly ok: false;
      /** A key of exprFaults. */
      readonly fault: string;
      /** A sentence without its end. */
      readonly message: string;
      /** Of the text, in UTF-16 units; null where the program does not say. */
      readonly start: number | null;
      readonly end: number | null;
      readonly instruction: number | null;
    }
);

export interface NativeAddon {
  readonly abiVersion: number;
  /**
   * Opens, and starts the threads. `layout`: LayoutHeader and what follows it, made for that spec and those ports. `onEvent`
   * gets bits of NativeEvent, on this thread's event loop.
   */
  open(
    spec: Uint8Array,
    layout: Uint8Array,
    options: NativeOpenOptions,
    onEvent: (events: number) => void,
  ): NativePipeline;
  attach(number: number, external: boolean, onEvent: (events: number) => void): NativePipeline | null;
  /** JSON of the adapter's own: what that port would feed, counted by reading all of it. No pipeline is made. */
  sourceFacts(spec: Uint8Array, port: NativePort): string;
  /**
   * Records of a journal of letters behind number `after` (null: from the first on), as many as fit some 256 KiB, at least one:
   * each | number u64 | length u32 | zero u32 | LetterRecord and what follows it |, padded to 8. Empty: there are no more. Takes
   * no lock. Throws with a code.
   */
  readLetters(folder: string, after: number | null): ArrayBuffer;
  /** Appends a record (LetterRecord and what follows it), and syncs it. Throws with a code: another process may write. */
  appendLetter(folder: string, record: Uint8Array): void;
  /**
   * Removes the files of letters whose records are all before that number, from the oldest on; the number of the first record that is
   * left, or will be the next. Throws with a code: another process may write.
   */
  pruneLetters(folder: string, before: number): number;
  /** Runs an entry of a program (expression.ts) over one record. Throws with a code where the program is damaged. */
  evaluateExpression(program: Uint8Array, entry: number, record: Uint8Array): NativeEvaluation;
  haltAll(): void;
  /** JSON: what this machine and build can do (CPUs, quota, memory limit, features). */
  capabilities(): string;
  /** Round trip of a flag between two CPUs in ns, or null where no thread can be pinned there. Takes a millisecond. */
  flagRoundTrip(cpu: number, other: number): number | null;
  /** Pipelines of this process whose region is still mapped (leak tests). */
  liveRegions(): number;
}
