import type { BoundarySpec, LayoutName, StageSpec } from './spec.js';

/**
 * Fixed: the record itself is the slot; possible only when every record has the ingress struct's size from end to end,
 * so a stage that writes keeps the layout. Variable otherwise: the slot tells where the record lies in the arena.
 */
export function chooseLayout(ingress: BoundarySpec, stages: readonly StageSpec[]): LayoutName {
  return ingress.codec === 'Struct' && stages.every(keepsRecords) ? 'Fixed' : 'Variable';
}

/** Records of a struct are that struct behind the stage as well. */
export function keepsRecords({ writes, emits, keepsLayout }: StageSpec): boolean {
  return (!writes && !emits) || keepsLayout;
}
