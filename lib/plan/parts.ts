/**
 * The parts of a document that validation looks at by themselves: the quick check of each and its schema, each of which
 * is loaded when it is first asked for. Pure; any thread.
 */
import type * as z from 'zod';
import type { DECLARATION_FIELDS } from './declarations.js';
import type { OpEntry } from './op-catalog.js';
import * as schemas from './schema.js';
import { fits, type Shape } from './shape.js';
import * as shapes from './shapes.js';

export interface Part<S extends z.ZodType = z.ZodType> {
  /** Of parts without one zod is asked each time. */
  readonly shape?: Shape | undefined;
  readonly schema: S;
}

const part = <S extends z.ZodType>(shape: () => Shape | undefined, schema: () => S): Part<S> => ({
  get shape() {
    return shape();
  },
  get schema() {
    return schema();
  },
});

const none = () => undefined;

export const PARTS = {
  id: part(
    () => shapes.id,
    () => schemas.idSchema,
  ),
  key: part(
    () => shapes.key,
    () => schemas.keySchema,
  ),
  structField: part(
    () => shapes.structField,
    () => schemas.structFieldSchema,
  ),
  fieldName: part(
    () => shapes.fieldName,
    () => schemas.structFieldSchema.shape.name,
  ),
  codec: part(
    () => shapes.codec,
    () => schemas.codecSchema,
  ),
  onFull: part(
    () => shapes.onFull,
    () => schemas.onFullSchema,
  ),
  lane: part(
    () => shapes.lane,
    () => schemas.laneSchema,
  ),
  boundaryPolicy: part(
    () => shapes.boundaryPolicy,
    () => schemas.boundaryPolicySchema,
  ),
  singleRingPlan: part(
    () => shapes.singleRingPlan,
    () => schemas.singleRingPlanSchema,
  ),
  laneGraphPlan: part(
    () => shapes.laneGraphPlan,
    () => schemas.laneGraphPlanSchema,
  ),
  planOfUnknownTarget: part(none, () => schemas.planOfUnknownTargetSchema),
};

/** A field of an entry that declares something of the caller's op. */
export const declarationPart = (field: (typeof DECLARATION_FIELDS)[number]) =>
  part(none, () => schemas.stageEntrySchema.shape[field]);

/** The config of a built-in op. */
export const configPart = (entry: OpEntry): Part =>
  part(
    () => entry.shape,
    () => entry.config,
  );

/** True only where the schema accepts the value; false says nothing. */
export const fitsPart = ({ shape }: Pick<Part, 'shape'>, value: unknown): boolean =>
  shape !== undefined && fits(shape, value);

/** The value of a part that is sound on its own; undefined where it is not, or is left out. */
export function sound<S extends z.ZodType>(part: Part<S>, value: unknown): z.infer<S> | undefined {
  if (value === undefined) return undefined;
  if (fitsPart(part, value)) return value as z.infer<S>;
  const result = part.schema.safeParse(value);
  return result.success ? result.data : undefined;
}
