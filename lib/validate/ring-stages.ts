/**
 * Rules about `single_ring.stages`: every catalog stage once, at most as many as a slot can mask, in topological
 * order with dependency lists that name earlier stages. Pure; any thread.
 */
import { RING_STAGES_MAX } from '../plan/limits.js';
import { under } from '../plan/pointer.js';
import { didYouMean, nearest, quote } from '../plan/words.js';
import type { Model, Note, RingEntry, StageNode } from './model.js';
import { type Names, nameTable, unaccounted } from './names.js';

export function checkRingStages(model: Model, note: Note): void {
  const entries = model.ring?.entries ?? [];
  if (entries.length === 0) return;
  const names = nameTable(model);
  if (entries.length > RING_STAGES_MAX) noteTooMany(entries.length, note);
  checkPlacement(model, names, entries, note);
  checkDependencies(model, names, entries, note);
}

function noteTooMany(length: number, note: Note): void {
  note({
    code: 'RING_STAGES_MAX',
    path: '/single_ring/stages',
    message: `The ring has ${length} stages; at most ${RING_STAGES_MAX} are possible.`,
    hint: 'Use the target LaneGraph, or do more in one stage.',
  });
}

/** Every catalog stage stands in the ring once. */
function checkPlacement(model: Model, names: Names, entries: readonly RingEntry[], note: Note): void {
  const placed = new Map<string, RingEntry>();
  const broken: (string | undefined)[] = [];
  const unknown: RingEntry[] = [];
  const duplicates: [RingEntry, RingEntry][] = [];
  for (const entry of entries) {
    const before = entry.stage === undefined ? undefined : placed.get(entry.stage);
    if (entry.stage === undefined) broken.push(undefined);
    else if (before !== undefined) duplicates.push([entry, before]);
    else placed.set(entry.stage, entry);
    if (before !== undefined) broken.push(undefined);
    else if (entry.stage !== undefined && names.byId.get(entry.stage)?.is !== 'stage') {
      unknown.push(entry);
      broken.push(entry.stage);
    }
  }
  const missing = model.stages.filter(
    (node) => node.id !== undefined && !placed.has(node.id) && names.byId.get(node.id)?.node === node,
  );
  for (const [entry, before] of duplicates) noteDuplicate(entry, before, missing, note);
  if (model.hasStages) noteUnknown(names, unknown, missing, note);
  for (const node of unaccounted(missing, broken)) noteMissing(node, note);
}

function noteDuplicate(entry: RingEntry, before: RingEntry, missing: readonly StageNode[], note: Note): void {
  note({
    code: 'RING_STAGE_DUPLICATE',
    path: under(entry.path, 'stage'),
    message: `The stage ${quote(entry.stage)} stands in the ring twice; each stage stands there once.`,
    received: entry.stage,
    hint: missing.length === 1 ? `Did you mean ${quote(missing[0]?.id)}?` : undefined,
    related: [{ path: under(before.path, 'stage'), message: 'It stands here first.' }, ...missing.map(relatedMissing)],
  });
}

function noteUnknown(names: Names, unknown: readonly RingEntry[], missing: readonly StageNode[], note: Note): void {
  // A stage whose declaration is broken may well be the one that is meant; its declaration was reported.
  const named = unknown.map((entry) => ({ id: entry.stage, entry }));
  const lost = Array.from({ length: names.lostStages }, () => undefined);
  const boundaryNames = named.filter(({ id }) => names.byId.get(id as string)?.is === 'boundary');
  const unknownNames = named.filter(({ id }) => names.byId.get(id as string)?.is !== 'boundary');
  const choices = missing.map((node) => node.id as string);
  for (const { entry } of boundaryNames) {
    note({
      code: 'RING_STAGE_UNKNOWN',
      path: under(entry.path, 'stage'),
      message: `${quote(entry.stage)} is a boundary; only stages stand in the ring.`,
      received: entry.stage,
      hint: 'The ingress feeds the first stages and the egress reads the last ones by themselves.',
    });
  }
  // One that comes near a stage which does not stand in the ring is a slip of the pen, whatever else is broken.
  const misspelt = unknownNames.filter(({ id }) => nearest(id, choices) !== undefined);
  const others = unknownNames.filter((one) => !misspelt.includes(one));
  for (const { entry } of [...misspelt, ...unaccounted(others, lost)]) {
    note({
      code: 'RING_STAGE_UNKNOWN',
      path: under(entry.path, 'stage'),
      message: `The catalog has no stage ${quote(entry.stage)}.`,
      received: entry.stage,
      hint: didYouMean(entry.stage, choices),
      related: missing.slice(0, 4).map(relatedMissing),
    });
  }
}

function relatedMissing(node: StageNode): { path: string; message: string } {
  return { path: node.path, message: `The stage ${quote(node.id)} does not stand in the ring.` };
}

function noteMissing(node: StageNode, note: Note): void {
  note({
    code: 'RING_STAGE_MISSING',
    path: node.path,
    message: `The stage ${quote(node.id)} does not stand in \`single_ring.stages\`; every stage of the catalog must.`,
    hint: `Add \`{ stage: ${node.id}, depends_on: […] }\`, or remove the stage.`,
  });
}

/** Only the first entry may leave its list out; every name in a list is that of an earlier entry, once. */
function checkDependencies(model: Model, names: Names, entries: readonly RingEntry[], note: Note): void {
  const positions = new Map<string, number>();
  for (const entry of entries) {
    if (entry.stage !== undefined && !positions.has(entry.stage)) positions.set(entry.stage, entry.index);
  }
  // An entry whose stage is not sound stands for a stage of the catalog, whose name is known there.
  const lost = model.hasStages ? names.lostStages : entries.length;
  const unknown: { id: string; path: string }[] = [];
  for (const entry of entries) {
    if (entry.dependsOn === 'absent' && entry.index > 0) noteAbsent(model, entry, entries, note);
    if (!Array.isArray(entry.dependsOn)) continue;
    const seen = new Set<string>();
    for (const [index, id] of (entry.dependsOn as readonly (string | undefined)[]).entries()) {
      const path = under(entry.path, 'depends_on', index);
      if (id === undefined) continue;
      if (seen.has(id)) noteTwice(entry, id, path, note);
      else if (!positions.has(id) && id !== entry.stage) unknown.push({ id, path });
      else checkOrder(entry, id, positions.get(id), path, note);
      seen.add(id);
    }
  }
  noteUnknownDependencies(names, unknown, lost, [...positions.keys()], note);
}

function noteAbsent(model: Model, entry: RingEntry, entries: readonly RingEntry[], note: Note): void {
  const path = under(entry.path, 'depends_on');
  if (model.accounted.has(path)) return;
  const previous = entries[entry.index - 1]?.stage;
  note({
    code: 'RING_DEPENDS_MISSING',
    path,
    message: `The ring entry ${quote(entry.stage)} needs the field \`depends_on\`; only the first entry may leave it out.`,
    hint: `Write \`depends_on: [${previous ?? '…'}]\` to follow the entry before it, or \`[]\` to read straight from the ingress.`,
  });
}

function checkOrder(entry: RingEntry, id: string, position: number | undefined, path: string, note: Note): void {
  if (id === entry.stage) {
    const message = `The stage ${quote(id)} depends on itself.`;
    note({ code: 'RING_DEPENDS_SELF', path, message, received: id, hint: 'Remove the name from its own list.' });
  } else if (position !== undefined && position > entry.index) {
    note({
      code: 'RING_DEPENDS_FORWARD',
      path,
      message: `The stage ${quote(entry.stage)} depends on ${quote(id)}, which comes later; the entries stand in topological order.`,
      received: id,
      hint: `Move ${quote(id)} before ${quote(entry.stage)}, or turn the dependency around.`,
      related: [{ path: under('/single_ring/stages', position), message: `${quote(id)} stands here.` }],
    });
  }
}

function noteTwice(entry: RingEntry, id: string, path: string, note: Note): void {
  const message = `The stage ${quote(entry.stage)} names ${quote(id)} twice in \`depends_on\`.`;
  note({ code: 'RING_DEPENDS_DUPLICATE', path, message, received: id, hint: 'Name it once.' });
}

function noteUnknownDependencies(
  names: Names,
  unknown: readonly { readonly id: string; readonly path: string }[],
  lost: number,
  placed: readonly string[],
  note: Note,
): void {
  const distinct = [...new Set(unknown.map(({ id }) => id))].map((id) => ({ id }));
  const reported = new Set(
    unaccounted(
      distinct,
      Array.from({ length: lost }, () => undefined),
    ).map(({ id }) => id),
  );
  for (const { id, path } of unknown) {
    const named = names.byId.get(id);
    // A stage that the catalog has but the ring has not is reported as missing from the ring.
    if (named?.is === 'stage') continue;
    if (named === undefined && !reported.has(id)) continue;
    note({
      code: 'RING_DEPENDS_UNKNOWN',
      path,
      message:
        named === undefined
          ? `\`depends_on\` names ${quote(id)}, but there is no such stage.`
          : `\`depends_on\` names ${quote(id)}, which is a boundary; it names stages only.`,
      received: id,
      hint: named === undefined ? didYouMean(id, placed) : 'An empty list means straight from the ingress.',
    });
  }
}
