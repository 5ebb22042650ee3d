/** What a region says, for `byteor` (the regions of this process) and `byteor/observe` (all others). Loads no addon. */
export type {
  BoundaryFailures,
  CauseCounts,
  EgressCounts,
  Imbalance,
  IngressCounts,
  InsertedCounts,
  JournalCounts,
  LaneCounts,
  Ledger,
  StageCounts,
} from '../region/counts.js';
export type { Failure } from '../region/failure.js';
export type { LaneReaderSnapshot, LaneSnapshot } from '../region/graph-snapshot.js';
export type { LatencySummary } from '../region/histogram.js';
export { RegionError } from '../region/region.js';
export type {
  AgentSnapshot,
  AgentStateName,
  BlockedOn,
  HostedSnapshot,
  HostPhaseName,
  Snapshot,
  ThreadSnapshot,
} from '../region/snapshot.js';
export { readSnapshot } from '../region/snapshot.js';
