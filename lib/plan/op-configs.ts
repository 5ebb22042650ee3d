/** The schemas of what the built-in ops may be told (op-catalog.ts). Pure; any thread. */
import * as z from 'zod';
import { MATCHERS, OP_TEXT_BYTES_MAX } from './limits.js';
import { keySchema, textOf } from './schema.js';

const text = textOf(OP_TEXT_BYTES_MAX);

export const noConfig = z.strictObject({}).describe('No configuration.');

export const matchConfig = z
  .strictObject({
    contains: z.exactOptional(text).describe('The record holds these bytes.'),
    starts_with: z.exactOptional(text).describe('The record starts with these bytes.'),
    ends_with: z.exactOptional(text).describe('The record ends with these bytes.'),
    equals: z.exactOptional(text).describe('The record is these bytes.'),
    invert: z.exactOptional(z.boolean()).meta({ description: 'Match where the text does not.', default: false }),
  })
  .refine((config) => MATCHERS.filter((matcher) => config[matcher] !== undefined).length === 1, {
    params: { exactlyOneOf: MATCHERS },
    // Also where one of the texts is wrong itself: that is another mistake.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  });

export const textConfig = z.strictObject({ text: text.describe('UTF-8 text.') });

export const countConfig = z.strictObject({ key: z.exactOptional(keySchema).describe('Count per key.') });
