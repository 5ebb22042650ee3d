/**
 * What a plan's type says about its handles: which boundaries there are and what a record is on each. Works on the
 * result of `definePlan`, on a plain object `as const`, and, without literal types, on any plan at all. Types only.
 */
import type { CodecOf } from './codec-of.js';
import type { BoundaryEntry, Codec, PipelinePlanV2, ScalarType, StructField } from './document.js';

/** The JavaScript value of a struct field. */
export type FieldValue<T extends ScalarType> = T extends 'u64' | 'i64'
  ? bigint
  : T extends 'bool'
    ? boolean
    : T extends `bytes(${number})`
      ? Uint8Array
      : T extends `utf8(${number})`
        ? string
        : number;

/** The JavaScript value of a record: `bytes` → Uint8Array, `utf8` → string, a struct → an object of its fields. */
export type RecordOf<C extends Codec | undefined> = C extends 'utf8'
  ? string
  : C extends { readonly kind: 'struct'; readonly fields: infer Fields extends readonly StructField[] }
    ? { [Field in Fields[number] as Field['name']]: FieldValue<Field['type']> }
    : Uint8Array;

type PlanLike = { readonly boundaries: readonly BoundaryEntry[] };

type IdsOfKind<B, Kind extends 'ingress' | 'egress'> = B extends { readonly id: infer Id; readonly kind: infer K }
  ? Kind extends K
    ? Id
    : never
  : never;

/** The ids of the stages. */
export type StageIds<P extends Pick<PipelinePlanV2, 'stages'>> = P['stages'][number]['id'];

/** The ids of the ingresses: what `pipeline.ingress(id)` takes. */
export type IngressIds<P extends PlanLike> = IdsOfKind<P['boundaries'][number], 'ingress'>;

/** The ids of the egresses: what `pipeline.egress(id)` takes. */
export type EgressIds<P extends PlanLike> = IdsOfKind<P['boundaries'][number], 'egress'>;

/** The JavaScript value of a record at one boundary. */
export type RecordOfBoundary<P extends PlanLike, Id extends IngressIds<P> | EgressIds<P>> = RecordOf<
  CodecOf<P['boundaries'][number], Id>
>;
