import type { Spec } from '../../lib/lower/spec.js';

/** A spec as JSON text, indented. A layout hash is 16 hex digits, as everywhere else it is shown. Pure; any thread. */
export function specJson(spec: Spec): string {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? value.toString(16).padStart(16, '0') : value;
  return JSON.stringify(spec, plain, 2);
}
