/** Rules about the op of each stage: known, told what its schema asks for, fit for the target. Pure; any thread. */

import { DECLARATION_FIELDS } from '../plan/declarations.js';
import type { OpDeclarations } from '../plan/document.js';
import { BROKEN } from '../plan/finding.js';
import { functionOf, isCallerOp } from '../plan/op-catalog.js';
import { configPart } from '../plan/parts.js';
import { under, valueAt } from '../plan/pointer.js';
import { didYouMean, oneOf, quote } from '../plan/words.js';
import { asMap, type Model, type Note, type StageNode } from './model.js';
import { capital, placeName } from './names.js';
import { wrongType } from './objection.js';
import { checkAgainst } from './shape.js';

export function checkOps(model: Model, note: Note): void {
  for (const stage of model.stages) {
    if (stage.op === undefined || stage.op === '') continue;
    const known = model.catalog.has(stage.op);
    if (known) checkConfig(model, stage, stage.op, note);
    if (known) checkNothingDeclared(model, stage, stage.op, note);
    else if (isCallerOp(stage.op)) checkCallerOp(model, stage, stage.op, note);
    else noteUnknownOp(model, stage, stage.op, note);
    if (stage.traits?.emits === true && model.target === 'SingleRing') noteEmits(model, stage, stage.op, note);
  }
}

function noteUnknownOp(model: Model, stage: StageNode, op: string, note: Note): void {
  const path = under(stage.path, 'op');
  const place = capital(placeName(model.document, stage.path));
  const [prefix] = op.split(':', 1);
  if (op.includes(':') && (prefix === 'js' || prefix === 'native')) {
    note({
      code: 'OP_NAME',
      path,
      message: `${place} has the op ${quote(op)}; behind \`${prefix}:\` stands a letter and up to 63 letters, digits, "_", "-" or ".".`,
      received: op,
    });
    return;
  }
  const known = [...model.catalog.keys()];
  note({
    code: 'OP_UNKNOWN',
    path,
    message: `${place} has the unknown op ${quote(op)}; ops are ${known.join(', ')}, js:<name> and native:<name>.`,
    received: op,
    hint: () => configInKey(op, known) ?? didYouMean(op, known)(),
  });
}

/** `filter:ERROR`, `filter(contains=x)`: a known op with its configuration in the key. */
function configInKey(op: string, known: readonly string[]): string | undefined {
  const [key] = op.split(/[^A-Za-z_]/, 1);
  if (key === op || key === undefined || !known.includes(key)) return undefined;
  return `Write \`op: ${key}\` and put the configuration into \`config\`.`;
}

function checkConfig(model: Model, stage: StageNode, op: string, note: Note): void {
  const path = under(stage.path, 'config');
  const entry = model.catalog.get(op);
  if (entry === undefined || stage.config === BROKEN) return;
  if (stage.config === undefined) {
    if (!entry.configRequired || model.accounted.has(path)) return;
    const place = capital(placeName(model.document, stage.path));
    note({
      code: 'FIELD_MISSING',
      path,
      message: `${place} needs the field \`config\`, because the op \`${op}\` must be told what to do.`,
      hint: `See \`byteor capabilities\` for the configuration of \`${op}\`.`,
    });
    return;
  }
  if (asMap(stage.config) === undefined) {
    note(wrongType(model.document, path, 'a map', stage.config));
    return;
  }
  checkAgainst(configPart(entry), stage.config, model.document, path, note);
}

/** What a built-in op does, the catalog says; an entry that says it too would be a second statement. */
function checkNothingDeclared(model: Model, stage: StageNode, op: string, note: Note): void {
  const entry = asMap(valueAt(model.document, stage.path)) ?? {};
  for (const field of DECLARATION_FIELDS) {
    if (entry[field] === undefined) continue;
    note({
      code: 'OP_DECLARATION',
      path: under(stage.path, field),
      atKey: true,
      message: `${capital(placeName(model.document, stage.path))} has the field \`${field}\`, which only a \`js:\` or \`native:\` op has: what \`${op}\` does is known.`,
      received: entry[field],
      hint: 'Remove it.',
    });
  }
}

function checkCallerOp(model: Model, stage: StageNode, op: string, note: Note): void {
  const place = capital(placeName(model.document, stage.path));
  if (functionOf(op) === undefined)
    note({
      code: 'OP_NOT_RUN_YET',
      path: under(stage.path, 'op'),
      message: `${place} has the op \`${op}\`: this version of byteor validates and compiles such a plan, but \`open\` and \`byteor run\` refuse it, because native ops of one's own do not run yet.`,
      received: op,
    });
  const { access, emits, emits_max, room, keeps_layout } = stage.says ?? {};
  const contradiction = (field: keyof OpDeclarations, received: unknown, why: string, hint: string): void =>
    note({
      code: 'OP_DECLARATIONS_DISAGREE',
      path: under(stage.path, field),
      message: `${place} says \`${field}: ${String(received)}\`, but ${why}.`,
      received,
      hint,
    });
  if (emits_max !== undefined && emits !== true)
    contradiction('emits_max', emits_max, 'not `emits: true`', 'Write `emits: true`, or remove it.');
  if (access === 'read' && room !== undefined && room > 0)
    contradiction(
      'room',
      room,
      'with `access: read` it makes no record longer',
      'Write `access: write`, or remove it.',
    );
  if (access === 'read' && keeps_layout === false && emits !== true)
    contradiction('keeps_layout', false, 'with `access: read` a record stays as it is', 'Remove one of the two.');
}

function noteEmits(model: Model, stage: StageNode, op: string, note: Note): void {
  const place = capital(placeName(model.document, stage.path));
  note({
    code: 'OP_EMITS_IN_RING',
    path: under(stage.path, stage.says?.emits === true ? 'emits' : 'op'),
    message: `${place} has the op \`${op}\`, which emits other records than it reads; a slot of a SingleRing holds one record.`,
    received: stage.says?.emits === true ? true : op,
    hint: `Use the target LaneGraph, or another op than ${oneOf([`\`${op}\``])}.`,
  });
}

/** True where the op comes from the caller: what only the op itself knows is checked at `open`. */
export function fromCaller(stage: StageNode): boolean {
  return stage.op !== undefined && isCallerOp(stage.op);
}
