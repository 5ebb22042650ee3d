/**
 * `definePlan`: a plan as a TypeScript literal whose names are checked while it is typed. It is the document itself,
 * field for field, so that a plan can move between TypeScript, YAML and JSON as it is. What the compiler cannot see
 * (write races, cycles, sizes) `validate` checks as for any other plan. Pure; any thread.
 */
import type { BoundaryEntry, Codec, Connection, Key, OnFull, StructField } from './document.js';
import type { EgressIds, IngressIds, StageIds } from './infer.js';
import type { BuiltinOp, CallerOp, CountConfig, MATCHERS, NoConfig, TextConfig } from './op-catalog.js';

type Matcher = (typeof MATCHERS)[number];

/** Exactly one of the four ways to match. */
type MatchConfig = {
  [Chosen in Matcher]: { readonly [M in Chosen]: string } & { readonly [M in Exclude<Matcher, Chosen>]?: never } & {
    readonly invert?: boolean;
  };
}[Matcher];

interface ConfigFields {
  readonly identity: { readonly config?: NoConfig };
  readonly checksum: { readonly config?: NoConfig };
  readonly count: { readonly config?: CountConfig };
  readonly prepend: { readonly config: TextConfig };
  readonly append: { readonly config: TextConfig };
  readonly filter: { readonly config: MatchConfig };
  readonly reject: { readonly config: MatchConfig };
}

type StageDraft =
  | { [Op in BuiltinOp]: { readonly id: string; readonly op: Op } & ConfigFields[Op] }[BuiltinOp]
  | { readonly id: string; readonly op: CallerOp; readonly config?: unknown };

interface DraftCommon {
  readonly version: 2;
  readonly name: string;
  readonly stages: readonly StageDraft[];
  readonly boundaries: readonly BoundaryEntry[];
}

interface RingDraft extends DraftCommon {
  readonly target: 'SingleRing';
  readonly single_ring: {
    readonly stages: readonly { readonly stage: string; readonly depends_on?: readonly string[] }[];
    readonly shards?: number;
    readonly ordering?: 'Strict' | 'PerKey';
    readonly producer?: 'Single';
    readonly scheduling?: 'Dedicated';
    readonly shard_key?: Key;
  };
}

type IngressPolicy = 'Broadcast' | 'RoundRobin' | { readonly kind: 'KeyHash'; readonly key: Key };
type EgressPolicy = 'Interleave' | 'Ordered';

interface GraphDraft extends DraftCommon {
  readonly target: 'LaneGraph';
  readonly lane_graph: {
    readonly connections: readonly Connection[];
    readonly boundary_policy?: Readonly<Record<string, IngressPolicy | EgressPolicy>>;
    readonly on_full?: OnFull;
  };
}

/** What `definePlan` takes before names are looked at. */
export type PlanDraft = RingDraft | GraphDraft;

/** Fields that the document does not have must be `never`, which no literal can be. */
type NoOthers<T, Known extends PropertyKey> = { readonly [K in Exclude<keyof T, Known>]: never };

/** Each id once: an id that stood before must be `never`. */
type UniqueIds<
  List extends readonly unknown[],
  Fields extends string,
  Seen = never,
  Done extends readonly unknown[] = readonly [],
> = List extends readonly [infer Entry extends { readonly id: string }, ...infer Rest]
  ? UniqueIds<Rest, Fields, Seen | Entry['id'], readonly [...Done, UniqueEntry<Entry, Seen> & NoOthers<Entry, Fields>]>
  : readonly [...Done, ...List];

type UniqueEntry<Entry extends { readonly id: string }, Seen> = Entry & {
  readonly id: string extends Seen ? string : Entry['id'] extends Seen ? never : Entry['id'];
};

/**
 * Each stage once; dependencies on entries before; only the first entry without a list; none left over. `Done` makes
 * the recursion a tail call, of which the compiler allows a thousand instead of fifty.
 */
type RingEntries<
  List extends readonly unknown[],
  Ids extends string,
  Seen extends string = never,
  Done extends readonly unknown[] = readonly [],
> = List extends readonly [infer Entry extends { readonly stage: string }, ...infer Rest]
  ? RingEntries<
      Rest,
      Ids,
      Seen | Entry['stage'],
      readonly [...Done, Entry & RingEntry<Exclude<Ids, Seen>, Seen> & NoOthers<Entry, 'stage' | 'depends_on'>]
    >
  : List extends readonly []
    ? [Exclude<Ids, Seen>] extends [never]
      ? Done
      : readonly [...Done, RingEntry<Exclude<Ids, Seen>, Seen>]
    : readonly { readonly stage: Ids; readonly depends_on?: readonly Ids[] }[];

type RingEntry<Stage extends string, Before extends string> = [Before] extends [never]
  ? { readonly stage: Stage; readonly depends_on?: readonly never[] }
  : { readonly stage: Stage; readonly depends_on: readonly Before[] };

/** A field key names a field of the ingress's struct. */
type KeyOver<C> = C extends { readonly kind: 'struct'; readonly fields: infer Fields extends readonly StructField[] }
  ? Exclude<Key, { readonly kind: 'field' }> | { readonly kind: 'field'; readonly name: Fields[number]['name'] }
  : Exclude<Key, { readonly kind: 'field' }>;

/** The codec of an ingress; any codec where the compiler does not know the names. */
type CodecOfIngress<B, Id> = B extends { readonly id: infer Own; readonly kind: infer Kind }
  ? string extends Own
    ? Codec
    : 'ingress' extends Kind
      ? Id extends Own
        ? B extends { readonly codec: infer C extends Codec }
          ? C
          : 'bytes'
        : never
      : never
  : never;

type CheckedConnection<C, P extends PlanDraft> = C extends { readonly from: infer From }
  ? C & {
      readonly from: StageIds<P> | IngressIds<P>;
      readonly to: From extends IngressIds<P>
        ? StageIds<P>
        : Exclude<StageIds<P> | EgressIds<P>, string extends From ? never : From>;
    } & NoOthers<C, keyof Connection>
  : never;

type CheckedConnections<List extends readonly unknown[], P extends PlanDraft> = {
  readonly [I in keyof List]: CheckedConnection<List[I], P>;
};

type CheckedPolicies<Policies, P extends PlanDraft> = {
  readonly [Id in keyof Policies]: Id extends IngressIds<P>
    ?
        | 'Broadcast'
        | 'RoundRobin'
        | { readonly kind: 'KeyHash'; readonly key: KeyOver<CodecOfIngress<P['boundaries'][number], Id>> }
    : Id extends EgressIds<P>
      ? EgressPolicy
      : never;
};

type CheckedRing<P extends RingDraft> = NoOthers<P['single_ring'], keyof RingDraft['single_ring']> & {
  readonly stages: RingEntries<P['single_ring']['stages'], StageIds<P>>;
  readonly shard_key?: KeyOver<CodecOfIngress<P['boundaries'][number], IngressIds<P>>>;
};

type CheckedGraph<P extends GraphDraft> = NoOthers<P['lane_graph'], keyof GraphDraft['lane_graph']> & {
  readonly connections: CheckedConnections<P['lane_graph']['connections'], P>;
  readonly boundary_policy?: P['lane_graph'] extends { readonly boundary_policy: infer Policies }
    ? CheckedPolicies<Policies, P>
    : Readonly<Record<string, never>>;
};

/** What the names of a draft must be, given its own names. */
export type CheckedDraft<P extends PlanDraft> = {
  readonly stages: UniqueIds<P['stages'], 'id' | 'op' | 'config'>;
  readonly boundaries: UniqueIds<P['boundaries'], keyof BoundaryEntry, StageIds<P>>;
} & (P extends RingDraft
  ? { readonly single_ring: CheckedRing<P> } & NoOthers<P, keyof RingDraft>
  : P extends GraphDraft
    ? { readonly lane_graph: CheckedGraph<P> } & NoOthers<P, keyof GraphDraft>
    : never);

/**
 * Gives the plan back as it is, with its literal type: ids, dependencies, keys, policies and fields that do not fit
 * do not compile. Give the result to `validate` or `compile`; their results and the handles know its names.
 */
export function definePlan<const P extends PlanDraft>(plan: P & CheckedDraft<P>): P {
  return plan;
}
