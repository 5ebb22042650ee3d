/**
 * `byteor/observe`: looks at pipelines from outside, through the regions that they leave in shared memory or in files
 * (`observe: true` of `open`). Reads only; loads no addon.
 */
export * from './observe/facts.js';
export { readLedger } from './observe/ledger.js';
export { type ObservedPipeline, observedAt, observedPipelines, readRegionFile } from './observe/observed.js';
export type { Life } from './observe/process-life.js';
