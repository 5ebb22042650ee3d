/** The condition of `filter` and `reject` as a program, compiled for the records that reach the stage. Pure; any thread. */
import { compileExpressions } from '../expression/compile.js';
import { shapeOfCodec } from '../expression/environment.js';
import type { Codec } from '../plan/document.js';
import type { FilterConfig } from '../plan/op-catalog.js';
import type { ConfigValues } from './spec.js';

/** @param codec what an ingress upstream declares: validation has compiled the condition for it */
export function lowerWhere(where: string, { invert }: FilterConfig, codec: Codec): ConfigValues {
  const compiled = compileExpressions([where], { record: shapeOfCodec(codec), result: ['bool'] });
  // Validation refuses such a plan; a checked one that still has such a condition was forged by a cast.
  if (!compiled.ok)
    throw new TypeError(`the condition ${JSON.stringify(where)}: ${compiled.message}; validate the plan`);
  return { invert: invert === true ? 1 : 0, program: compiled.bytes, text: where };
}
