/**
 * Which fields a map of the document may have, read from the schema itself, for hints about unknown fields and for the
 * words of "expected". Pure; any thread.
 */
import type * as z from 'zod';
import { asMap } from './model.js';

interface AnyDef {
  readonly type: string;
  readonly shape?: Record<string, z.ZodType>;
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
}

function defOf(schema: z.ZodType): AnyDef {
  return schema.def as unknown as AnyDef;
}

/** The names of the fields that the map at `segments` may have; empty where the schema has no map there. */
export function knownFields(schema: z.ZodType, segments: readonly PropertyKey[], value: unknown): string[] {
  const [segment, ...rest] = segments;
  const shapes = shapesFor(schema, value);
  if (segment === undefined) return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
  const below = Array.isArray(value) ? value[Number(segment)] : asMap(value)?.[String(segment)];
  const inner = elementOf(schema);
  if (inner !== undefined) return knownFields(inner, rest, below);
  return shapes.flatMap((shape) => {
    const field = shape[String(segment)];
    return field === undefined ? [] : knownFields(field, rest, below);
  });
}

function elementOf(schema: z.ZodType): z.ZodType | undefined {
  const def = defOf(schema);
  if (def.innerType !== undefined) return elementOf(def.innerType);
  return def.element ?? def.valueType;
}

/** The map shapes that a schema offers for a value; a tagged union offers the one that the tag names. */
function shapesFor(schema: z.ZodType, value: unknown): Record<string, z.ZodType>[] {
  const def = defOf(schema);
  if (def.shape !== undefined) return [def.shape];
  if (def.innerType !== undefined) return shapesFor(def.innerType, value);
  const options = def.options ?? [];
  const tag = def.discriminator;
  if (tag === undefined) return options.flatMap((option) => shapesFor(option, value));
  const chosen = options.filter((option) => tagsOf(option, tag).includes(asMap(value)?.[tag]));
  return chosen.flatMap((option) => shapesFor(option, value));
}

function tagsOf(option: z.ZodType, tag: string): readonly unknown[] {
  const field = defOf(option).shape?.[tag];
  return field === undefined ? [] : (defOf(field).values ?? []);
}
