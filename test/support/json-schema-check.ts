/** The part of JSON Schema 2020-12 that the plan's schema uses, to hold the schema against plans. Unknown words throw. */
import { valueAt } from '../../lib/plan/pointer.js';

type Schema = Readonly<Record<string, unknown>> | boolean;

const SILENT = new Set(['$schema', '$defs', 'title', 'description', 'default', 'then', 'properties', 'id']);

export function matchesSchema(root: Schema, schema: Schema, value: unknown): boolean {
  if (typeof schema === 'boolean') return schema;
  return (
    Object.entries(schema).every(([word, rule]) => {
      const check = WORDS[word];
      if (check === undefined && !SILENT.has(word)) throw new Error(`unknown word of JSON Schema: ${word}`);
      return (
        check === undefined ||
        check(rule as never, value, (one, inner) => matchesSchema(root, one, inner), schema, root)
      );
    }) && propertiesMatch(root, schema, value)
  );
}

type Check = (
  rule: never,
  value: unknown,
  match: (schema: Schema, value: unknown) => boolean,
  schema: Readonly<Record<string, unknown>>,
  root: Schema,
) => boolean;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const WORDS: Readonly<Record<string, Check>> = {
  type: (types: string | string[], value) => [types].flat().some((type) => TYPES[type]?.(value) === true),
  const: (only: unknown, value) => value === only,
  enum: (words: unknown[], value) => words.includes(value),
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minLength: (least: number, value) => typeof value !== 'string' || [...value].length >= least,
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  maxItems: (most: number, value) => !Array.isArray(value) || value.length <= most,
  items: (each: Schema, value, match) => !Array.isArray(value) || value.every((item) => match(each, item)),
  required: (names: string[], value) => !isMap(value) || names.every((name) => Object.hasOwn(value, name)),
  additionalProperties: (rule: Schema, value, match, schema) =>
    !isMap(value) ||
    Object.entries(value).every(
      ([name, inner]) => Object.hasOwn(Object(schema.properties), name) || match(rule, inner),
    ),
  propertyNames: (rule: Schema, value, match) => !isMap(value) || Object.keys(value).every((name) => match(rule, name)),
  anyOf: (options: Schema[], value, match) => options.some((option) => match(option, value)),
  oneOf: (options: Schema[], value, match) => options.filter((option) => match(option, value)).length === 1,
  allOf: (options: Schema[], value, match) => options.every((option) => match(option, value)),
  if: (condition: Schema, value, match, schema) => !match(condition, value) || match(schema.then as Schema, value),
  $ref: (pointer: string, value, match, _, root) => match(valueAt(root, pointer.slice(1)) as Schema, value),
};

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isMap,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
};

function propertiesMatch(root: Schema, schema: Readonly<Record<string, unknown>>, value: unknown): boolean {
  if (!isMap(value)) return true;
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  return properties.every(([name, inner]) => !Object.hasOwn(value, name) || matchesSchema(root, inner, value[name]));
}
