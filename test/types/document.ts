/** Compile-time proof that the zod schema and the hand-written types of the document are the same. Checked by tsc. */
import type * as z from 'zod';
import type { Codec, Connection, Key, Lane, PipelinePlanV2 } from '../../lib/plan/document.js';
import type { CallerOp, CountConfig, FilterConfig, TextConfig } from '../../lib/plan/op-catalog.js';
import type { codecSchema, connectionSchema, keySchema, laneSchema } from '../../lib/plan/schema.js';
import type { planSchema } from '../support/plan-schema.js';

export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
export const proven = <_T extends true>(): void => undefined;
type Same<A, B> = Equal<DeepReadonly<A>, DeepReadonly<B>>;

proven<Same<z.infer<typeof keySchema>, Key>>();
proven<Same<z.infer<typeof codecSchema>, Codec>>();
proven<Same<z.infer<typeof laneSchema>, Lane>>();
proven<Same<z.infer<typeof connectionSchema>, Connection>>();
proven<Same<z.infer<typeof planSchema>, PipelinePlanV2>>();

// @ts-expect-error the proof can fail: a document is not a connection.
proven<Same<z.infer<typeof planSchema>, Connection>>();

export const ops: CallerOp[] = ['js:x', 'native:y'];
export const configs: [FilterConfig, TextConfig, CountConfig] = [{ contains: 'x' }, { text: '' }, {}];
