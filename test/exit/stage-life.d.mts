import type { Pipeline } from '../../lib/runtime/pipeline.js';

export type Shape = 'ring' | 'graph';
export const RECORDS: number;
type Reach = (shape: Shape, act: () => void) => Promise<Pipeline>;
export const states: Readonly<Record<'idle' | 'function' | 'promise' | 'loading' | 'batch' | 'dead' | 'late', Reach>>;
