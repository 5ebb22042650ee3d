/** What a region says, for `byteor` (the regions of this process) and `byteor/observe` (all others). Loads no addon. */
export type {
  EgressCounts,
  Imbalance,
  IngressCounts,
  InsertedCounts,
  JournalCounts,
  LaneCounts,
  Ledger,
  StageCounts,
} from '../runtime/counters.js';
export type { Failure } from '../runtime/failure.js';
export type { LaneReaderSnapshot, LaneSnapshot } from '../runtime/graph-snapshot.js';
export type { LatencySummary } from '../runtime/histogram.js';
export { RegionError } from '../runtime/region.js';
export type { AgentSnapshot, AgentStateName, BlockedOn, Snapshot, ThreadSnapshot } from '../runtime/snapshot.js';
export { readSnapshot } from '../runtime/snapshot.js';
