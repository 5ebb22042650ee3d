/** The sections of a SingleRing spec, in their order. Pure; any thread. */

import { enums, NONE, SpecBoundary, SpecKey, SpecRing, SpecRingEntry } from '../abi/definition.js';
import { boundaryRow, keyRow, stageSections } from './encode-tables.js';
import type { RingEntrySpec, RingSpec } from './spec.js';
import {
  type FieldName,
  indexSection,
  type Row,
  type Section,
  type TextPool,
  table,
  textSection,
} from './spec-writer.js';

/** Entry indices as a 64-bit mask, bit i for entry i. */
export function maskOf(entries: readonly number[]): bigint {
  return entries.reduce((mask, entry) => mask | (1n << BigInt(entry)), 0n);
}

function ringRow(spec: RingSpec): Row<FieldName<typeof SpecRing>> {
  return {
    shards: spec.shards,
    ordering: enums.OrderingCode[spec.ordering],
    layout: enums.LayoutCode[spec.layout],
    record_bytes: spec.recordBytes,
    headroom: spec.headroom,
    tailroom: spec.tailroom,
    ingress: 0,
    egress: 1,
    shard_key: spec.shardKey ?? NONE,
    mark_count: spec.markCount,
    terminal_mask: maskOf(spec.terminals),
    egress_filter_mask: maskOf(spec.egressReadsMarksOf),
  };
}

function entryRows(entries: readonly RingEntrySpec[]): Row<FieldName<typeof SpecRingEntry>>[] {
  let start = 0;
  return entries.map((entry) => {
    const row = {
      stage: entry.stage,
      dependency_start: start,
      dependency_count: entry.dependencies.length,
      mark: entry.mark ?? NONE,
      ancestor_mask: maskOf(entry.ancestors),
      filter_mask: maskOf(entry.readsMarksOf),
    };
    start += entry.dependencies.length;
    return row;
  });
}

/** Text, Boundaries, Stages, Ring, RingEntries, Dependencies, Keys, Configs. */
export function ringSections(spec: RingSpec, text: TextPool): Section[] {
  const kinds = enums.SectionKind;
  const boundaries = table(kinds.Boundaries, SpecBoundary, [
    boundaryRow(spec.ingress, 'Ingress', text),
    boundaryRow(spec.egress, 'Egress', text),
  ]);
  const [stages, configs] = stageSections(spec.stages, text);
  const tables = [
    boundaries,
    stages,
    table(kinds.Ring, SpecRing, [ringRow(spec)]),
    table(kinds.RingEntries, SpecRingEntry, entryRows(spec.entries)),
    indexSection(
      kinds.Dependencies,
      spec.entries.flatMap((entry) => entry.dependencies),
    ),
    table(
      kinds.Keys,
      SpecKey,
      spec.keys.map((key) => keyRow(key, text)),
    ),
    configs,
  ];
  // Only now is every text in the pool.
  return [textSection(text), ...tables];
}
