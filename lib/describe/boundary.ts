/** What every description has: who it is of, and the ends of the plan in words. Pure; any thread. */

import type { BoundarySpec } from '../lower/spec.js';
import type { BoundaryEntry, BoundaryOnError } from '../plan/document.js';
import { codecWords } from '../plan/element-words.js';
import type { OwnStageDescription } from './own-stages.js';

/** What every description has. */
export interface CommonDescription {
  /** Hex id of the version. */
  readonly id: string;
  /** Name of the plan. */
  readonly name: string;
  /** Lines of a drawing; null when the plan cannot be drawn without crossings or is too large for it. */
  readonly drawing: readonly string[] | null;
  /** Stages with an op `js:` or `native:`: what runs them, what they cost, and how long they may hold a record. */
  readonly ownStages: readonly OwnStageDescription[];
}

/** A boundary of a described plan. */
export interface DescribedBoundary {
  /** Id of the boundary. */
  readonly id: string;
  /** Whether records come in or go out. */
  readonly kind: BoundaryEntry['kind'];
  /** In words: `bytes`, `utf8`, `struct { host: utf8(12), size: u64 }`. */
  readonly codec: string;
  /** Bytes of every record under a struct codec; null otherwise. */
  readonly recordBytes: number | null;
  /** What becomes of a record that its adapter cannot take or write, stated or by default. */
  readonly onError: BoundaryOnError;
}

export const describeBoundary = (entry: BoundaryEntry, spec?: BoundarySpec): DescribedBoundary => ({
  id: entry.id,
  kind: entry.kind,
  codec: codecWords(entry.codec),
  recordBytes: spec?.codec === 'Struct' ? spec.recordBytes : null,
  onError: entry.on_error ?? 'stop',
});
