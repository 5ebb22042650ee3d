/**
 * Rule: an op that works on a field (`fields` of its entry in the catalog) finds one that all records at its stage have, and what its
 * config says is of that field's type. Its lanes are lanes of structs, so one struct and no other reaches it, unchanged in
 * length. Pure; any thread.
 */
import { codecKind, type FieldLayout, layoutOf, type StructLayout } from '../plan/codec-layout.js';
import { constantBytes, constantWords, isNumeric } from '../plan/field-constant.js';
import { BROKEN } from '../plan/finding.js';
import type { ConstantUse, FieldUse } from '../plan/op-catalog.js';
import { under } from '../plan/pointer.js';
import { didYouMean, quote } from '../plan/words.js';
import type { BoundaryNode, Model, Note, Noted, StageNode } from './model.js';
import { subjectOf } from './objection.js';
import type { Arrival, Arrivals } from './record-flow.js';

export function checkSetFields(model: Model, arrivals: Arrivals, note: Note): void {
  for (const stage of model.stages) {
    const entry = model.catalog.get(stage.op ?? '');
    // What is wrong with a config by itself was reported.
    if (entry?.fields === undefined || !entry.config.safeParse(stage.config).success) continue;
    const struct = structAt(model, stage, arrivals(stage) ?? []);
    if (struct === undefined) continue;
    const use = entry.fields(stage.config);
    for (const finding of 'code' in struct ? [struct] : fieldFindings(model, stage, struct, use)) note(finding);
  }
}

interface Struct {
  readonly layout: StructLayout;
  readonly source: BoundaryNode;
}

/** The one struct that arrives, or why there is none; undefined where nothing can be said. */
function structAt(model: Model, stage: StageNode, arrivals: readonly Arrival[]): Struct | Noted | undefined {
  if (arrivals.length === 0 || arrivals.some(({ unsure }) => unsure)) return undefined;
  let agreed: Struct | undefined;
  for (const { source, known, changedBy } of arrivals) {
    const layout = layoutOf(source.codec);
    if (layout === undefined) return noStruct(model, stage, source);
    const writer = changedBy ?? known?.adder;
    if (writer !== undefined) return behindWriter(model, stage, writer, writer === changedBy);
    agreed ??= { layout, source };
    if (agreed.layout.hash !== layout.hash) return twoStructs(model, stage, [agreed.source, source]);
  }
  return agreed;
}

function noStruct(model: Model, stage: StageNode, source: BoundaryNode): Noted {
  return {
    code: 'SET_FIELD_RECORDS',
    path: under(stage.path, 'op'),
    message: `${subjectOf(model.document, stage.path)} writes a field, but the records of ingress ${quote(source.id)} are \`${codecKind(source.codec)}\` and have no fields.`,
    received: stage.op,
    hint: 'Give the ingress a struct codec.',
    related: [{ path: source.path, message: `Ingress ${quote(source.id)} is declared here.` }],
  };
}

function behindWriter(model: Model, stage: StageNode, writer: StageNode, changes: boolean): Noted {
  const why = changes
    ? `behind the stage ${quote(writer.id)} the records are not structs any more`
    : `the stage ${quote(writer.id)} adds text to the records, so that they are not structs any more`;
  return {
    code: 'SET_FIELD_RECORDS',
    path: under(stage.path, 'op'),
    message: `${subjectOf(model.document, stage.path)} writes a field, but ${why}.`,
    received: stage.op,
    hint:
      changes && writer.traits?.emits !== true
        ? `Put this stage before ${quote(writer.id)}, or declare \`keeps_layout: true\` there if its op keeps the struct.`
        : `Put this stage before ${quote(writer.id)}.`,
    related: [{ path: writer.path, message: `${quote(writer.id)} is declared here.` }],
  };
}

function twoStructs(model: Model, stage: StageNode, sources: readonly BoundaryNode[]): Noted {
  const [one, other] = sources.map(({ id }) => quote(id));
  return {
    code: 'SET_FIELD_RECORDS',
    path: under(stage.path, 'op'),
    message: `${subjectOf(model.document, stage.path)} writes a field, but the records of ingress ${one} and of ingress ${other} are different structs.`,
    received: stage.op,
    hint: 'Give both ingresses the same struct, or set the field on each way before they meet.',
    related: sources.map(({ id, path }) => ({ path: under(path, 'codec'), message: `The struct of ${quote(id)}.` })),
  };
}

/** What is wrong with the names and the constant of a sound config. */
function fieldFindings(model: Model, stage: StageNode, struct: Struct, use: FieldUse): Noted[] {
  const config = stage.config as Readonly<Record<string, unknown>>;
  const path = (member: string): string => under(stage.path, 'config', member);
  const findings: Noted[] = [];
  const named = (member: string): FieldLayout | undefined => {
    const name = String(config[member]);
    const found = struct.layout.fields.find((field) => field.name === name);
    if (found === undefined) findings.push(noField(model, path(member), name, struct));
    return found;
  };
  const field = named(use.field);
  const from = use.from === undefined ? undefined : named(use.from);
  if (field === undefined) return findings;
  if (use.from !== undefined && from !== undefined && (from === field || typeOf(from) !== typeOf(field)))
    findings.push(otherField(model, path(use.from), field, from));
  for (const constant of use.constants) {
    const wrong = wrongConstant(model, path(constant.member), field, config[constant.member], constant);
    if (wrong !== undefined) findings.push(wrong);
  }
  return findings;
}

const typeOf = ({ kind, size }: FieldLayout): string =>
  kind === 'bytes' || kind === 'utf8' ? `${kind}(${size})` : kind;

function noField(model: Model, path: string, name: string, { layout, source }: Struct): Noted {
  const names = layout.fields.map((field) => field.name);
  return {
    code: 'SET_FIELD_UNKNOWN',
    path,
    message: `${subjectOf(model.document, path)} is ${quote(name)}, a field which the struct of ingress ${quote(source.id)} does not have.`,
    received: name,
    hint: () => didYouMean(name, names)() ?? `Its fields: ${names.join(', ')}.`,
    related: [{ path: under(source.path, 'codec'), message: `The struct of ${quote(source.id)}.` }],
  };
}

function otherField(model: Model, path: string, field: FieldLayout, from: FieldLayout): Noted {
  const why =
    from === field
      ? 'which is the field itself'
      : `of type \`${typeOf(from)}\`, but ${quote(field.name)} is of type \`${typeOf(field)}\``;
  return {
    code: 'SET_FIELD_FROM',
    path,
    message: `${subjectOf(model.document, path)} is ${quote(from.name)}, ${why}.`,
    received: from.name,
    hint: 'Name another field of the same type: a copy converts nothing.',
  };
}

function wrongConstant(
  model: Model,
  path: string,
  field: FieldLayout,
  value: unknown,
  { numbersOnly }: ConstantUse,
): Noted | undefined {
  const whose = `${subjectOf(model.document, path)}, for the field ${quote(field.name)} of type \`${typeOf(field)}\`,`;
  if (numbersOnly !== undefined && !isNumeric(field.kind)) {
    const message = `${whose} has no meaning: ${numbersOnly.why}.`;
    return { code: 'SET_FIELD_VALUE', path, message, received: value, hint: numbersOnly.hint };
  }
  // What the reader of the text could not read was reported there.
  if (value === BROKEN || constantBytes(field, value) !== undefined) return undefined;
  return {
    code: 'SET_FIELD_VALUE',
    path,
    message: `${whose} must be ${constantWords(field)}, not ${quote(value)}.`,
    received: value,
  };
}
