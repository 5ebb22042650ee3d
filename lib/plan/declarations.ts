/** The words with which a plan says what an op of the caller does. Pure; any thread. */
import type { OpDeclarations } from './document.js';

/**
 * Fields that only the entry of a `js:` or `native:` op may have.
 * @internal
 */
export const DECLARATION_FIELDS = [
  'access',
  'sink',
  'filters',
  'emits',
  'emits_max',
  'room',
  'keeps_layout',
] as const satisfies readonly (keyof OpDeclarations)[];
