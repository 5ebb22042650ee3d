/**
 * Rule: two stages of a ring of which at least one writes must have a dependency path between them, because both work
 * on the same slot. A list of dependencies that is broken says nothing about order, so its stage races with no other
 * here: its list was reported. Pure; any thread.
 */
import { RING_STAGES_MAX } from '../plan/limits.js';
import { oneOf, quote } from '../plan/words.js';
import type { Model, Note, RingEntry, StageNode } from './model.js';
import { type Names, nameTable } from './names.js';

interface Slot {
  readonly entry: RingEntry;
  /** Undefined where the op is unknown. */
  readonly writes: boolean | undefined;
  /** Bit i: entry i comes before this one; all earlier ones where the list is broken. */
  before: bigint;
  sound: boolean;
}

export function checkRaces(model: Model, note: Note): void {
  const entries = model.ring?.entries ?? [];
  // Masks are as wide as a ring may have stages; a longer ring was reported.
  if (entries.length > RING_STAGES_MAX) return;
  const slots = orderedSlots(entries, nameTable(model));
  for (const [later, slot] of slots.entries()) {
    const rivals = slots.slice(0, later).filter((other, index) => races(other, index, slot));
    if (rivals.length > 0) noteRace(slot, rivals, note);
  }
}

/** The stages that work on a slot before this one does; undefined where the ring does not say so soundly. */
export function stagesBefore(model: Model, stage: StageNode): StageNode[] | undefined {
  const entries = model.ring?.entries ?? [];
  const names = nameTable(model);
  if (entries.length > RING_STAGES_MAX || stage.id === undefined || names.ambiguous.has(stage.id)) return undefined;
  const slots = orderedSlots(entries, names);
  const slot = slots.find(({ entry }) => entry.stage === stage.id);
  if (slot === undefined || slots.some(({ sound }) => !sound)) return undefined;
  return slots.flatMap(({ entry }, index) => {
    const named = ((slot.before >> BigInt(index)) & 1n) === 1n ? names.byId.get(entry.stage as string) : undefined;
    return named?.is === 'stage' ? [named.node] : [];
  });
}

function races(other: Slot, index: number, slot: Slot): boolean {
  if (!slot.sound || !other.sound || slot.entry.stage === other.entry.stage) return false;
  if (((slot.before >> BigInt(index)) & 1n) === 1n) return false;
  return slot.writes === true || other.writes === true;
}

function orderedSlots(entries: readonly RingEntry[], names: Names): Slot[] {
  const slots: Slot[] = [];
  const byStage = new Map<string, number>();
  for (const entry of entries) {
    const named = entry.stage === undefined ? undefined : names.byId.get(entry.stage);
    const slot: Slot = { entry, writes: undefined, before: 0n, sound: false };
    const stage = named?.is === 'stage' && !names.ambiguous.has(entry.stage as string) ? named.node : undefined;
    const dependencies = entry.dependsOn === 'absent' && entry.index === 0 ? [] : entry.dependsOn;
    const positions = positionsOf(dependencies, byStage);
    slots.push({
      ...slot,
      writes: stage?.traits === undefined ? undefined : stage.traits.access === 'write',
      sound: positions !== undefined && stage?.traits !== undefined && !byStage.has(entry.stage as string),
      before: positions === undefined ? (1n << BigInt(entry.index)) - 1n : closure(positions, slots),
    });
    if (entry.stage !== undefined && !byStage.has(entry.stage)) byStage.set(entry.stage, entry.index);
  }
  return slots;
}

/** The earlier entries that a list names; undefined if anything about the list is broken. */
function positionsOf(dependencies: RingEntry['dependsOn'], byStage: ReadonlyMap<string, number>): number[] | undefined {
  if (dependencies === undefined || dependencies === 'absent') return undefined;
  const positions: number[] = [];
  for (const id of dependencies) {
    const position = id === undefined ? undefined : byStage.get(id);
    if (position === undefined) return undefined;
    positions.push(position);
  }
  return positions;
}

function closure(positions: readonly number[], slots: readonly Slot[]): bigint {
  return positions.reduce((mask, position) => mask | (1n << BigInt(position)) | (slots[position]?.before ?? 0n), 0n);
}

function noteRace(slot: Slot, rivals: readonly Slot[], note: Note): void {
  const later = quote(slot.entry.stage);
  const named = oneOf(
    rivals.map((rival) => quote(rival.entry.stage)),
    'and',
  );
  const writers = [...rivals, slot].filter((one) => one.writes === true).map((one) => quote(one.entry.stage));
  const verb = writers.length === 1 ? 'writes' : 'write';
  note({
    code: 'RING_WRITE_RACE',
    path: slot.entry.path,
    message: `The stages ${named} and ${later} work on the same slot in no stated order, and ${oneOf(writers, 'and')} ${verb} to it.`,
    hint: `Add ${named} to the \`depends_on\` of ${later}.`,
    related: rivals.map((rival) => ({ path: rival.entry.path, message: `${quote(rival.entry.stage)} stands here.` })),
  });
}
