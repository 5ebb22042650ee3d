/**
 * What follows from the roles of a graph and the lanes between them alone: what is known of the records of a lane, and which
 * lanes need watermarks. Roles stand in topological order. Pure functions over indices.
 */

import { keepsRecords } from './layout.js';
import type { GraphBoundarySpec, RecordSpec, RoleSpec, StageSpec } from './spec.js';

type FlowRole = Pick<RoleSpec, 'kind' | 'policy' | 'index' | 'inlets' | 'outlets'>;

/** Records of which nothing is known but that they are bytes. */
export const ANY_RECORD: RecordSpec = { codec: 'Bytes', recordBytes: 0, layoutHash: 0n };

const plainRecord = ({ codec, recordBytes, layoutHash }: RecordSpec): RecordSpec => ({
  codec,
  recordBytes,
  layoutHash,
});

function agreed(records: readonly RecordSpec[]): RecordSpec {
  const [first = ANY_RECORD, ...others] = records;
  const same = others.every((other) => other.codec === first.codec && other.layoutHash === first.layoutHash);
  return same ? first : ANY_RECORD;
}

/** For each lane: the codec of the ingresses upstream, where they agree and every stage between keeps the records. */
export function laneRecords(
  roles: readonly FlowRole[],
  laneCount: number,
  boundaries: readonly GraphBoundarySpec[],
  stages: readonly StageSpec[],
): readonly RecordSpec[] {
  const records: RecordSpec[] = Array.from({ length: laneCount }, () => ANY_RECORD);
  for (const role of roles) {
    const written = writtenBy(role, records, boundaries, stages);
    for (const lane of role.outlets) records[lane] = written;
  }
  return records;
}

function writtenBy(
  { kind, index, inlets }: FlowRole,
  records: readonly RecordSpec[],
  boundaries: readonly GraphBoundarySpec[],
  stages: readonly StageSpec[],
): RecordSpec {
  if (kind === 'Ingress') return plainRecord(boundaries[index ?? 0] ?? ANY_RECORD);
  const stage = kind === 'Stage' ? stages[index ?? 0] : undefined;
  if (kind === 'Stage' && (stage === undefined || !keepsRecords(stage))) return ANY_RECORD;
  return agreed(inlets.map((lane) => records[lane] ?? ANY_RECORD));
}

/** For each lane, whether an Ordered merge is downstream on some path. */
export function watermarkedLanes(roles: readonly FlowRole[], laneCount: number): readonly boolean[] {
  const marked: boolean[] = Array.from({ length: laneCount }, () => false);
  for (const { policy, inlets, outlets } of [...roles].reverse()) {
    if (policy !== 'Ordered' && !outlets.some((lane) => marked[lane])) continue;
    for (const lane of inlets) marked[lane] = true;
  }
  return marked;
}
