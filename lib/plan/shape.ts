/**
 * A quick yes to most plans: whether a value is what the schema asks for, by a table that was made from the schema
 * (shapes.ts). It says no more than yes: to say what is wrong, and wherever the table is in doubt, zod is asked, which takes
 * longer to load and to set up than all of the rest of a validation (docs/decisions/121). Pure; any thread.
 */
import { utf8Length } from './utf8.js';

/** What a value may be. Only what the document's schema uses: `generate-shapes.ts` refuses everything else. */
export type Shape =
  | { readonly type: 'anything' }
  | { readonly type: 'boolean' }
  | { readonly type: 'oneOf'; readonly values: readonly (string | number)[] }
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'text'; readonly patterns?: readonly RegExp[]; readonly min?: number; readonly bytesMax?: number }
  | { readonly type: 'list'; readonly of: Shape; readonly min: number; readonly max: number }
  /** A map with these fields and no others. */
  | {
      readonly type: 'map';
      readonly needs: Readonly<Record<string, Shape>>;
      readonly may: Readonly<Record<string, Shape>>;
      readonly exactlyOneOf?: readonly string[];
    }
  /** A map with any fields. */
  | { readonly type: 'record'; readonly of: Shape }
  | { readonly type: 'either'; readonly of: readonly Shape[] };

type ListShape = Extract<Shape, { type: 'list' }>;
type MapShape = Extract<Shape, { type: 'map' }>;
type TextShape = Extract<Shape, { type: 'text' }>;
type Fields = Readonly<Record<string, unknown>>;

/** True only where the schema accepts the value. */
export function fits(shape: Shape, value: unknown): boolean {
  switch (shape.type) {
    case 'anything':
      return true;
    case 'boolean':
      return typeof value === 'boolean';
    case 'oneOf':
      return shape.values.includes(value as string);
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= shape.min && (value as number) <= shape.max;
    case 'text':
      return typeof value === 'string' && fitsText(shape, value);
    case 'list':
      return Array.isArray(value) && fitsList(shape, value);
    case 'map':
      return isPlainMap(value) && fitsMap(shape, value);
    case 'record':
      return isPlainMap(value) && Object.values(value).every((item) => fits(shape.of, item));
    case 'either':
      return shape.of.some((option) => fits(option, value));
  }
}

function fitsList({ of, min, max }: ListShape, list: readonly unknown[]): boolean {
  if (list.length < min || list.length > max) return false;
  // Not `every`, which passes over holes.
  for (const item of list) if (!fits(of, item)) return false;
  return true;
}

function fitsText({ patterns = [], min = 0, bytesMax }: TextShape, text: string): boolean {
  if (text.length < min || !patterns.every((pattern) => pattern.test(text))) return false;
  return bytesMax === undefined || utf8Length(text) <= bytesMax;
}

function fitsMap({ needs, may, exactlyOneOf }: MapShape, map: Fields): boolean {
  for (const name in needs) if (!Object.hasOwn(map, name)) return false;
  for (const name of Object.keys(map)) {
    const field = Object.hasOwn(needs, name) ? needs[name] : Object.hasOwn(may, name) ? may[name] : undefined;
    if (field === undefined || map[name] === undefined || !fits(field, map[name])) return false;
  }
  return exactlyOneOf === undefined || exactlyOneOf.filter((name) => Object.hasOwn(map, name)).length === 1;
}

/** What other maps may be (with inherited fields, of a class, with a field `__proto__`) is for the schema to judge. */
function isPlainMap(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, '__proto__')) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
