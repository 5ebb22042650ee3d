import type { Ledger } from '../region/counts.js';
import { readLedger as ledgerOf } from '../region/ledger.js';
import { regionOf } from '../region/region.js';

/**
 * The ledger of a pipeline of another process, from the bytes of its region (`readRegionFile`). While it runs, neighbours
 * are read one after the other, so that it may not balance yet; `settled` says whether the pipeline has ended.
 * @throws RegionError when the bytes are not a region of this layout version.
 */
export const readLedger = (bytes: ArrayBuffer | Uint8Array): Ledger => ledgerOf(regionOf(bytes));
