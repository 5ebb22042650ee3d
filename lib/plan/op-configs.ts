/** The schemas of what the built-in ops may be told (op-catalog.ts). Pure; any thread. */
import * as z from 'zod';
import { CONDITIONS, EXPRESSION_BYTES_MAX, FIELD_NAME_PATTERN, FIELD_WRITES, OP_TEXT_BYTES_MAX } from './limits.js';
import { keySchema, textOf } from './schema.js';

const text = textOf(OP_TEXT_BYTES_MAX);
const fieldName = z.string().regex(FIELD_NAME_PATTERN);

/** Exactly one of `fields` stands, also where one of them is wrong itself: that is another mistake. */
const exactlyOne = (fields: readonly string[]) =>
  [
    (config: Readonly<Record<string, unknown>>) => fields.filter((field) => config[field] !== undefined).length === 1,
    {
      params: { exactlyOneOf: fields },
      when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null && !Array.isArray(value),
    },
  ] as const;

export const noConfig = z.strictObject({}).describe('No configuration.');

export const matchConfig = z
  .strictObject({
    contains: z.exactOptional(text).describe('The record holds these bytes.'),
    starts_with: z.exactOptional(text).describe('The record starts with these bytes.'),
    ends_with: z.exactOptional(text).describe('The record ends with these bytes.'),
    equals: z.exactOptional(text).describe('The record is these bytes.'),
    where: z
      .exactOptional(textOf(EXPRESSION_BYTES_MAX))
      .describe('An expression of CEL that is true of the record (docs/expressions.md).'),
    invert: z
      .exactOptional(z.boolean())
      .meta({ description: 'Match where the condition does not hold.', default: false }),
  })
  .refine(...exactlyOne(CONDITIONS));

export const textConfig = z.strictObject({ text: text.describe('UTF-8 text.') });

export const countConfig = z.strictObject({ key: z.exactOptional(keySchema).describe('Count per key.') });

/** What a constant must be depends on the field's type: `lib/validate/set-field.ts` looks at it. */
const constant = (types: readonly string[], description: string) =>
  z.exactOptional(z.unknown()).meta({ type: types, description });

export const setFieldConfig = z
  .strictObject({
    field: fieldName.describe('The field of the struct that is written.'),
    value: constant(['number', 'boolean', 'string'], 'Its new value: a constant of its type.'),
    add: constant(['number', 'string'], 'What is added to it: a constant of its type.'),
    from: z.exactOptional(fieldName).describe('The field of the same type that is copied into it.'),
  })
  .refine(...exactlyOne(FIELD_WRITES));
