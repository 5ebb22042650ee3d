/**
 * The ledger: the counters that stand beside the cursors, and the equations they must satisfy (docs/runtime.md, the
 * ledger). Pure reader of a region. Exact once the pipeline has been settled (`settled`); while it runs, the numbers are of
 * slightly different moments. What each target counts and promises
 * stands in ring-counters.ts and graph-counters.ts.
 */

import { enums } from '../abi/definition.js';
import type { Ledger } from './counts.js';
import { readGraphCounts } from './graph-counters.js';
import type { Region } from './region.js';
import { readRingCounts } from './ring-counters.js';

/**
 * Reads the ledger of a region.
 * @internal
 */
export function readLedger(region: Region): Ledger {
  const settled = region.header.u32('state') === enums.RegionState.Stopped;
  const counts = region.isGraph ? readGraphCounts(region, settled) : readRingCounts(region, settled);
  return { balanced: counts.imbalances.length === 0, settled, ...counts, failure: region.failure ?? null };
}
