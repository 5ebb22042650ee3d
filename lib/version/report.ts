/** What a compiled plan is made of, by the author's names: the facts of `compile --json`. Pure; any thread. */

import type { RingSpec } from '../lower/spec.js';
import type { Diagnostic } from '../plan/diagnostic.js';

/** What an agent does. Routers, merges and bridges are inserted into graphs. */
export type RoleKind = 'ingress' | 'stage' | 'egress' | 'router' | 'merge' | 'bridge';

export interface Role {
  readonly id: string;
  readonly kind: RoleKind;
  /** Agents of this role: one a shard. */
  readonly shards: number;
}

export interface LaneReport {
  /** Of a ring `ring:<shard>`: no author's id has a colon. */
  readonly id: string;
  readonly kind: 'Ring';
  readonly from: string;
  readonly to: string;
  readonly shard: number;
}

/** An element that the compiler put in, with the rule and the plan path that caused it. A ring never has one. */
export interface InsertedElement {
  readonly id: string;
  readonly kind: 'bridge' | 'router' | 'merge';
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

export interface VersionReport {
  /** What validation warned of. */
  readonly warnings: readonly Diagnostic[];
  /** In the order of flow: ingress, stages in the author's order, egress. */
  readonly roles: readonly Role[];
  readonly lanes: readonly LaneReport[];
  readonly inserted: readonly InsertedElement[];
}

export function reportRing(spec: RingSpec, warnings: readonly Diagnostic[]): VersionReport {
  const { shards, ingress, egress } = spec;
  const stages = spec.entries.map(({ stage }) => spec.stages[stage]?.id ?? '');
  return {
    warnings,
    roles: [
      { id: ingress.id, kind: 'ingress', shards },
      ...stages.map((id): Role => ({ id, kind: 'stage', shards })),
      { id: egress.id, kind: 'egress', shards },
    ],
    lanes: Array.from({ length: shards }, (_, shard) => ({
      id: `ring:${shard}`,
      kind: 'Ring',
      from: ingress.id,
      to: egress.id,
      shard,
    })),
    inserted: [],
  };
}
