import type { BoundarySpec, LayoutName, StageSpec } from './spec.js';

/**
 * Fixed: the record itself is the slot; possible only when every record has the ingress struct's size from end to end,
 * so no stage may write. Variable otherwise: the slot tells where the record lies in the arena.
 */
export function chooseLayout(ingress: BoundarySpec, stages: readonly StageSpec[]): LayoutName {
  return ingress.codec === 'Struct' && !stages.some((stage) => stage.writes) ? 'Fixed' : 'Variable';
}
