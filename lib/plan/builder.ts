/**
 * `definePlan`: a plan as a TypeScript literal whose names are checked while it is typed. It is the document itself,
 * field for field, so that a plan can move between TypeScript, YAML and JSON as it is. What the compiler cannot see
 * (write races, cycles, sizes) `validate` checks as for any other plan. Pure; any thread.
 */
import type {
  BoundaryEntry,
  Codec,
  Connection,
  Key,
  Lane,
  OnError,
  OnFull,
  OpDeclarations,
  StageEntry,
  StructField,
} from './document.js';
import type { EgressIds, IngressIds, StageIds } from './infer.js';
import type { CONDITIONS, FIELD_WRITES } from './limits.js';
import type { BuiltinOp, CallerOp, OpConfigs, SetFieldConfig } from './op-catalog.js';

type Matcher = (typeof CONDITIONS)[number];
type FieldWrite = (typeof FIELD_WRITES)[number];

/** Exactly one of the four ways to match. */
type MatchConfig = {
  [Chosen in Matcher]: { readonly [M in Chosen]: string } & { readonly [M in Exclude<Matcher, Chosen>]?: never } & {
    readonly invert?: boolean;
  };
}[Matcher];

/** Exactly one of the three ways to make a field's new value. */
type FieldWriteConfig = {
  [Chosen in FieldWrite]: { readonly field: string } & {
    readonly [W in Chosen]: NonNullable<SetFieldConfig[W]>;
  } & { readonly [W in Exclude<FieldWrite, Chosen>]?: never };
}[FieldWrite];

/** Ops of whose config only some members may stand together. */
interface StrictConfigs {
  readonly filter: MatchConfig;
  readonly reject: MatchConfig;
  readonly set_field: FieldWriteConfig;
}

type DraftConfig<Op extends BuiltinOp> = Op extends keyof StrictConfigs ? StrictConfigs[Op] : OpConfigs[Op];

/** A config in which nothing must stand may be left out. */
type ConfigFields<Op extends BuiltinOp> =
  Record<never, never> extends DraftConfig<Op>
    ? { readonly config?: DraftConfig<Op> }
    : { readonly config: DraftConfig<Op> };

/** What the entry of every stage has. */
interface StageFields<Op extends string> {
  readonly id: string;
  readonly op: Op;
  readonly on_error?: OnError;
}

type StageDraft =
  | { [Op in BuiltinOp]: StageFields<Op> & ConfigFields<Op> }[BuiltinOp]
  | (StageFields<CallerOp> & { readonly config?: unknown } & OpDeclarations);

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

declare const mistake: unique symbol;

/**
 * What a value that does not fit would also have to be, which no value is: so the compiler prints the sentence. Only the
 * first 160 characters of it are shown, so it begins with the name in question.
 */
export interface Mistake<Words extends string> {
  readonly [mistake]: Words;
}

/** Every field that the document does not have is a mistake. */
type NoOthers<T, Known extends PropertyKey> = {
  readonly [K in Exclude<keyof T, Known>]: Mistake<`"${K & string}" is not a field here`>;
};

type AnyList = readonly unknown[];

/** What an entry of a catalog is: `stage`, `ingress` or `egress`. */
type KindOf<Entry> = Entry extends { readonly kind: infer Kind extends string } ? Kind : 'stage';

/** The ids in a catalog of entries of these kinds, as text: what a message offers. Long lists are cut. */
type Choices<
  List extends AnyList,
  Kinds,
  Text extends string = '',
  Shown extends AnyList = [],
> = List extends readonly [infer Entry extends { readonly id: string }, ...infer Rest]
  ? KindOf<Entry> extends Kinds
    ? Shown['length'] extends 12
      ? `${Text}, …`
      : Choices<Rest, Kinds, Text extends '' ? Entry['id'] : `${Text}, ${Entry['id']}`, [...Shown, 0]>
    : Choices<Rest, Kinds, Text, Shown>
  : Text extends ''
    ? 'none'
    : Text;

type Entries<P extends PlanDraft> = readonly [...P['stages'], ...P['boundaries']];

/** Each id once; of a ring, one boundary of each kind. */
type UniqueIds<
  List extends AnyList,
  Fields extends string,
  Once extends string = never,
  Seen extends string = never,
  Kinds extends string = never,
  Done extends AnyList = readonly [],
> = List extends readonly [infer Entry extends { readonly id: string }, ...infer Rest]
  ? UniqueIds<
      Rest,
      Fields,
      Once,
      Seen | Entry['id'],
      Kinds | KindOf<Entry>,
      readonly [...Done, CheckedEntry<Entry, Seen, Kinds & Once> & NoOthers<Entry, Fields>]
    >
  : readonly [...Done, ...List];

type CheckedEntry<Entry extends { readonly id: string }, Seen extends string, Taken extends string> = Entry & {
  readonly id: string extends Seen
    ? string
    : Entry['id'] extends Seen
      ? Mistake<`"${Entry['id']}" is the id of an earlier stage or boundary already`>
      : Entry['id'];
} & (KindOf<Entry> extends Taken
    ? { readonly kind: Mistake<`"${Entry['id']}" is a second ${KindOf<Entry>}; a SingleRing has one`> }
    : unknown) &
  CheckedConfig<Entry>;

type CheckedFields<List extends AnyList> = {
  readonly [I in keyof List]: NoOthers<List[I], keyof StructField>;
};

/** The fields of a key, and of a field key over a struct that is known. */
type CheckedKey<K> = K extends { readonly kind: infer Kind extends Key['kind'] }
  ? NoOthers<K, keyof Extract<Key, { readonly kind: Kind }>>
  : unknown;

type ConfigFieldsOf = { readonly [Op in BuiltinOp]: keyof OpConfigs[Op] };

/** The fields of a built-in op's config, and of the key in it. */
type CheckedConfig<Entry> = Entry extends { readonly op: infer Op extends BuiltinOp; readonly config: infer Config }
  ? {
      readonly config: NoOthers<Config, ConfigFieldsOf[Op]> &
        (Config extends { readonly key: infer K } ? { readonly key: CheckedKey<K> } : unknown);
    }
  : Entry extends { readonly codec: infer C extends { readonly kind: 'struct'; readonly fields: AnyList } }
    ? {
        readonly codec: NoOthers<C, 'kind' | 'fields'> & { readonly fields: CheckedFields<C['fields']> };
      }
    : Entry extends { readonly codec: infer C extends { readonly kind: 'json' } }
      ? { readonly codec: NoOthers<C, 'kind'> }
      : unknown;

/**
 * Each stage once; dependencies on entries before; only the first entry without a list; none left over. `Done` makes
 * the recursion a tail call, of which the compiler allows a thousand instead of fifty.
 */
type RingEntries<
  List extends AnyList,
  Stages extends AnyList,
  Ids extends string,
  Seen extends string = never,
  Done extends AnyList = readonly [],
> = List extends readonly [infer Entry extends { readonly stage: string }, ...infer Rest]
  ? RingEntries<
      Rest,
      Stages,
      Ids,
      Seen | Entry['stage'],
      readonly [...Done, RingEntry<Entry, Stages, Ids, Seen> & NoOthers<Entry, 'stage' | 'depends_on'>]
    >
  : List extends readonly []
    ? [Exclude<Ids, Seen>] extends [never]
      ? Done
      : Done & Mistake<`"${Exclude<Ids, Seen>}" does not stand in the ring; every stage of the catalog does`>
    : readonly { readonly stage: Ids; readonly depends_on?: readonly Ids[] }[];

type RingEntry<
  Entry extends { readonly stage: string },
  Stages extends AnyList,
  Ids extends string,
  Seen extends string,
> = Entry & {
  readonly stage: Entry['stage'] extends Ids
    ? Entry['stage'] extends Seen
      ? Mistake<`"${Entry['stage']}" stands in the ring already`>
      : Entry['stage']
    : Mistake<`"${Entry['stage']}" is not a stage of the plan; its stages: ${Choices<Stages, 'stage'>}`>;
} & ([Seen] extends [never]
    ? { readonly depends_on?: Depends<Entry, Stages, Ids, Seen> }
    : { readonly depends_on: Depends<Entry, Stages, Ids, Seen> });

type Depends<
  Entry extends { readonly stage: string },
  Stages extends AnyList,
  Ids extends string,
  Seen extends string,
> = Entry extends { readonly depends_on: infer List extends readonly string[] }
  ? Dependencies<List, Entry['stage'], Stages, Ids, Seen>
  : readonly Seen[];

type Dependencies<
  List extends readonly string[],
  Own extends string,
  Stages extends AnyList,
  Ids extends string,
  Seen extends string,
> = { readonly [I in keyof List]: Dependency<List[I], Own, Stages, Ids, Seen> };

type Dependency<
  Id extends string,
  Own extends string,
  Stages extends AnyList,
  Ids extends string,
  Seen extends string,
> = string extends Id
  ? string
  : Id extends Seen
    ? Id
    : Id extends Own
      ? Mistake<`"${Id}" depends on itself`>
      : Id extends Ids
        ? Mistake<`"${Id}" stands later in the ring; a stage depends on earlier ones`>
        : Mistake<`"${Id}" is not a stage of the plan; its stages: ${Choices<Stages, 'stage'>}`>;

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

/** The beginning of a connection: a stage or an ingress. */
type CheckedFrom<From extends string, P extends PlanDraft> = From extends StageIds<P> | IngressIds<P>
  ? From
  : From extends EgressIds<P>
    ? Mistake<`"${From}" is an egress, where records leave; from: ${Choices<Entries<P>, 'stage' | 'ingress'>}`>
    : Mistake<`"${From}" is not a stage or ingress of the plan; from: ${Choices<Entries<P>, 'stage' | 'ingress'>}`>;

/** The end of a connection: a stage or an egress, and behind an ingress a stage. */
type CheckedTo<From extends string, To extends string, P extends PlanDraft> = string extends To
  ? string
  : To extends StageIds<P>
    ? To extends From
      ? string extends From
        ? To
        : Mistake<`"${To}" leads back to itself`>
      : To
    : To extends EgressIds<P>
      ? From extends IngressIds<P>
        ? string extends IngressIds<P>
          ? To
          : Mistake<`"${To}" is an egress, and "${From}" an ingress; put a stage between: ${Choices<P['stages'], 'stage'>}`>
        : To
      : To extends IngressIds<P>
        ? Mistake<`"${To}" is an ingress, where records enter; to: ${Choices<Entries<P>, 'stage' | 'egress'>}`>
        : Mistake<`"${To}" is not a stage or egress of the plan; to: ${Choices<Entries<P>, 'stage' | 'egress'>}`>;

type CheckedConnection<C, P extends PlanDraft> = C extends {
  readonly from: infer From extends string;
  readonly to: infer To extends string;
}
  ? C & {
      readonly from: string extends From ? string : CheckedFrom<From, P>;
      readonly to: CheckedTo<From, To, P>;
    } & NoOthers<C, keyof Connection> &
      CheckedLane<C>
  : never;

type CheckedLane<C> = C extends { readonly lane: infer L extends { readonly kind: Lane['kind'] } }
  ? { readonly lane: NoOthers<L, keyof Extract<Lane, { readonly kind: L['kind'] }>> }
  : unknown;

type CheckedConnections<List extends AnyList, P extends PlanDraft> = {
  readonly [I in keyof List]: CheckedConnection<List[I], P>;
};

type CheckedPolicies<Policies, P extends PlanDraft> = {
  readonly [Id in keyof Policies]: string extends Id
    ? IngressPolicy | EgressPolicy
    : Id extends IngressIds<P>
      ? Policies[Id] extends EgressPolicy
        ? Mistake<`"${Id & string}" is an ingress; its policy: Broadcast, RoundRobin or KeyHash`>
        :
            | 'Broadcast'
            | 'RoundRobin'
            | ({
                readonly kind: 'KeyHash';
                readonly key: KeyOver<CodecOfIngress<P['boundaries'][number], Id>>;
              } & (Policies[Id] extends { readonly key: infer K }
                ? { readonly key: CheckedKey<K> } & NoOthers<Policies[Id], 'kind' | 'key'>
                : unknown))
      : Id extends EgressIds<P>
        ? Policies[Id] extends EgressPolicy
          ? EgressPolicy
          : Mistake<`"${Id & string}" is an egress; its policy: Interleave or Ordered`>
        : Mistake<`"${Id & string}" is not a boundary of the plan; its boundaries: ${Choices<P['boundaries'], 'ingress' | 'egress'>}`>;
};

type CheckedRing<P extends RingDraft> = NoOthers<P['single_ring'], keyof RingDraft['single_ring']> & {
  readonly stages: RingEntries<P['single_ring']['stages'], P['stages'], StageIds<P>>;
  readonly shard_key?: KeyOver<CodecOfIngress<P['boundaries'][number], IngressIds<P>>> &
    (P['single_ring'] extends { readonly shard_key: infer K } ? CheckedKey<K> : unknown);
};

type CheckedGraph<P extends GraphDraft> = NoOthers<P['lane_graph'], keyof GraphDraft['lane_graph']> & {
  readonly connections: CheckedConnections<P['lane_graph']['connections'], P>;
  readonly boundary_policy?: P['lane_graph'] extends { readonly boundary_policy: infer Policies }
    ? CheckedPolicies<Policies, P>
    : Readonly<Record<string, never>>;
};

/** The boundaries that a ring needs and this list does not have. */
type WantingEnds<P extends RingDraft> = string extends P['boundaries'][number]['id']
  ? unknown
  : 'ingress' extends P['boundaries'][number]['kind']
    ? 'egress' extends P['boundaries'][number]['kind']
      ? unknown
      : Mistake<'a SingleRing has one ingress and one egress; there is no egress'>
    : Mistake<'a SingleRing has one ingress and one egress; there is no ingress'>;

type BoundaryField = keyof BoundaryEntry;

/** What the names of a draft must be, given its own names. */
export type CheckedDraft<P extends PlanDraft> = {
  readonly stages: UniqueIds<P['stages'], keyof StageEntry>;
} & (P extends RingDraft
  ? {
      readonly boundaries: UniqueIds<P['boundaries'], BoundaryField, 'ingress' | 'egress', StageIds<P>> &
        WantingEnds<P>;
      readonly single_ring: CheckedRing<P>;
    } & NoOthers<P, keyof RingDraft>
  : P extends GraphDraft
    ? {
        readonly boundaries: UniqueIds<P['boundaries'], BoundaryField, never, StageIds<P>>;
        readonly lane_graph: CheckedGraph<P>;
      } & NoOthers<P, keyof GraphDraft>
    : never);

/**
 * Gives the plan back as it is, with its literal type: ids, dependencies, keys, policies and fields that do not fit
 * do not compile. Give the result to `validate` or `compile`; their results and the handles know its names.
 */
export function definePlan<const P extends PlanDraft>(plan: P & CheckedDraft<P>): P {
  return plan;
}
