/** The one place that chooses the ends of a pipeline by its target. */

import type { NativePipeline } from '../abi/addon.js';
import type { Region } from '../region/region.js';
import type { Border } from './border.js';
import type { PipelineEnds } from './ends.js';
import { graphEnds } from './graph-ends.js';
import { ringEnds } from './ring-ends.js';

/** Reads what the region says once; every end is made when its handle is taken. */
export function endsOf(native: NativePipeline, border: Border, region: Region): PipelineEnds {
  return region.isGraph ? graphEnds(native, border, region) : ringEnds(native, border, region);
}
