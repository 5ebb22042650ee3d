/** What people write for the `js:` stages of a plan: the forms that `open` and `attach` take. Types only. */

import type { JsonRecord } from '../handle/json-view.js';
import type { CodecOf } from '../plan/codec-of.js';
import type { PipelinePlanV2, RingStage } from '../plan/document.js';
import type { IngressIds, RecordOf } from '../plan/infer.js';
import type { NativeStage } from './native-stages.js';

/** Where a function works: its second argument, and that of `start`. */
export interface StageContext {
  /** Id of the stage. */
  readonly stage: string;
  /** What the plan has as `config` of the stage; undefined where it has none. */
  readonly config: unknown;
  /** Number of the shard, from 0. Each has an instance of its own. */
  readonly shard: number;
}

/**
 * What becomes of a record: `undefined` or `true` passes it on, with what was changed in it; `false` filters it; an array emits its
 * elements in its place; any other value replaces it.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing passes its record on
export type StageAnswer<R> = R | readonly R[] | boolean | undefined | void;

/**
 * Works on one record, which is valid until it returns, or until the promise that it returns settles. A throw or a rejection fails the
 * record, with the stage and the error's message. `never` stands for a record of which the plan's type says nothing.
 */
export type StageFunction<R = never> = (
  record: R,
  context: StageContext,
) => [R] extends [never] ? unknown : StageAnswer<R> | PromiseLike<StageAnswer<R>>;

/** What an entry has beside `module` only: code that is given itself runs on the thread that gives it. */
interface WithoutModule {
  /** Instead of the code: see StageOfModule. */
  readonly module?: never;
  /** Only of a module. */
  readonly export?: never;
  /** Only of a module. */
  readonly workers?: never;
}

/** A function with settings of its own. */
export interface StageOfFunction<R = never> extends WithoutModule {
  /** The function. */
  readonly fn: StageFunction<R>;
  /** Records of which answers are promised at once; their order is kept. 1 to 65536; default 16. */
  readonly concurrency?: number;
  /** Milliseconds that a call, or the promise of an answer, may take before the pipeline fails. Default 30000; Infinity: for ever. */
  readonly timeoutMs?: number;
}

/** The records of one call of `batch`, in order. Valid until it returns. */
export interface StageRecords<R, Answer = R> extends Iterable<R> {
  /** How many there are. */
  readonly length: number;
  /** Moves to the next record; false behind the last. A `for` loop over the records does the same. */
  next(): boolean;
  /** The record that it stands at. */
  readonly record: R;
  /** Says what becomes of that record, as a function's answer does. A record of which nothing is said passes on. */
  answer(answer: StageAnswer<Answer>): void;
}

/** A record as a batch has it: a JSON value is parsed when it is asked for. */
export type BatchRecord<R> = [R] extends [never] ? unknown : unknown extends R ? JsonRecord : R;

/** A stage with state of its own, or one that works on many records at once. One instance a shard. */
export interface StageOfBatches<R = never> extends WithoutModule {
  /** Only of a function: a batch promises no answers. */
  readonly concurrency?: never;
  /** Called once, before the first record; what it returns is the state. */
  start?(context: StageContext): unknown;
  /** Works on records. A throw fails the one that `records` stands at; those before it have their answers. */
  batch(records: StageRecords<BatchRecord<R>, [R] extends [never] ? unknown : R>, state: unknown): void;
  /** Called once, behind the last record, or when the pipeline has ended: what it returns is the stage's report. JSON. */
  end?(state: unknown): unknown;
  /** Milliseconds that a call may take before the pipeline fails and is halted. Default 30000; Infinity: for ever. */
  readonly timeoutMs?: number;
}

/** A stage whose code a module exports, in a worker thread of its own: a function of a record, { fn }, or { start, batch, end }. */
export interface StageOfModule {
  /** URL of a file, absolute path, or path from the current folder. */
  readonly module: string | URL;
  /** Name of the export. Default `default`. */
  readonly export?: string;
  /** Threads, among which the shards of a ring are dealt out: 1 to their number. Default 1. */
  readonly workers?: number;
  /** Of a function: as StageOfFunction has it. */
  readonly concurrency?: number;
  /** As StageOfFunction and StageOfBatches have it. */
  readonly timeoutMs?: number;
}

/** What `attach` takes for a name. */
export type StageCode<R = never> = StageFunction<R> | StageOfFunction<R> | StageOfBatches<R>;

/** What `open` takes for a name. `'attach'`: another thread brings it, with `attach(number, { stages })`. */
type StageEntryOf<R> = StageCode<R> | StageOfModule | 'attach';

type NameIn<Op, Kind extends 'js' | 'native'> = Op extends `${Kind}:${infer Name}` ? Name : never;

type NamesOf<P extends PipelinePlanV2, Kind extends 'js' | 'native'> = string extends P['stages'][number]['op']
  ? string
  : NameIn<P['stages'][number]['op'], Kind>;

/** The names behind the colons of the ops `js:` and `native:` of a plan; `string` where its type does not say. */
export type StageNames<P extends PipelinePlanV2> = NamesOf<P, 'js' | 'native'>;

/** The functions and libraries of a plan's stages, by the names that its ops have: what `open` takes as `stages`. */
export type StagesOf<P extends PipelinePlanV2> =
  string extends StageNames<P>
    ? { readonly [name: string]: StageEntryOf<never> | NativeStage }
    : {
        readonly [Name in StageNames<P>]: Name extends NamesOf<P, 'js'>
          ? StageEntryOf<RecordOfFunction<P, Name>>
          : NativeStage;
      };

/** Some of them: what `attach` takes. */
export type SomeStagesOf<P extends PipelinePlanV2> =
  string extends StageNames<P>
    ? { readonly [name: string]: StageCode }
    : { readonly [Name in NamesOf<P, 'js'>]?: StageCode<RecordOfFunction<P, Name>> };

/** What a function is called with: a record of each stage that names it. */
export type RecordOfFunction<P extends PipelinePlanV2, Name extends string> =
  Extract<P['stages'][number], { readonly op: `js:${Name}` }> extends infer Stage
    ? Stage extends { readonly id: infer Id extends string }
      ? RecordOfStage<P, Before<P, Id>>
      : never
    : never;

/** A struct is one only where all before the stage have left it as it came, and where all ingresses bring the same. */
type RecordOfStage<P extends PipelinePlanV2, Ids extends string> =
  IsOne<CodecOf<P['boundaries'][number], Ids & IngressIds<P>>> extends true
    ? RecordBehind<
        RecordOf<CodecOf<P['boundaries'][number], Ids & IngressIds<P>>>,
        Changes<Extract<P['stages'][number], { readonly id: Ids }>>
      >
    : Uint8Array;

type RecordBehind<R, Changed extends boolean> = unknown extends R
  ? R
  : R extends string | Uint8Array
    ? R
    : true extends Changed
      ? Uint8Array
      : R;

/** Of each stage whether no struct is known behind it. */
type Changes<S> = S extends { readonly op: `${'js' | 'native'}:${string}` }
  ? S extends { readonly keeps_layout: true }
    ? false
    : S extends { readonly keeps_layout: false } | { readonly emits: true }
      ? true
      : S extends { readonly access: 'read' }
        ? false
        : true
  : S extends { readonly op: 'prepend' | 'append' }
    ? true
    : false;

/** Whether a union has one member. */
type IsOne<T, Each = T> = [T] extends [never] ? false : T extends unknown ? ([Each] extends [T] ? true : false) : never;

/** The ids of all boundaries and stages before a stage. */
type Before<P extends PipelinePlanV2, Id extends string> = P extends {
  readonly lane_graph: { readonly connections: infer Connections extends readonly unknown[] };
}
  ? BeforeInGraph<Connections[number], Id>
  : P extends { readonly single_ring: { readonly stages: infer Entries extends readonly RingStage[] } }
    ? BeforeInRing<Entries, Id> | (IngressIds<P> & string)
    : never;

type FromOf<C, To> = C extends { readonly from: infer From extends string; readonly to: infer Own }
  ? Own extends To
    ? From
    : never
  : never;

type BeforeInGraph<C, Id, Seen extends string = never> =
  Exclude<FromOf<C, Id>, Seen> extends infer New extends string
    ? [New] extends [never]
      ? Seen
      : BeforeInGraph<C, New, Seen | New>
    : never;

type BeforeInRing<Entries extends readonly RingStage[], Id, Seen extends string = never> =
  Exclude<DependsOf<Entries, Id>, Seen> extends infer New extends string
    ? [New] extends [never]
      ? Seen
      : BeforeInRing<Entries, New, Seen | New>
    : never;

/** What stages depend on: the one before, where an entry does not say. */
type DependsOf<Entries extends readonly RingStage[], Id, Previous extends string = never> = Entries extends readonly [
  infer First extends RingStage,
  ...infer Rest extends readonly RingStage[],
]
  ? (First['stage'] extends Id ? OwnDepends<First, Previous> : never) | DependsOf<Rest, Id, First['stage']>
  : never;

type OwnDepends<Entry extends RingStage, Previous extends string> = Entry extends {
  readonly depends_on: infer Names extends readonly string[];
}
  ? Names[number]
  : Previous;
