/**
 * Conditions written as expressions (`where` of `filter` and `reject`): they are compiled for the records that arrive, so that a wrong
 * name, a wrong type and a text that is no expression are known before anything starts. Pure; any thread.
 */
import { compileExpressions } from '../expression/compile.js';
import { shapeOfCodec } from '../expression/environment.js';
import type { ExpressionNote } from '../expression/source.js';
import { codecKind, layoutOf } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { under, valueAt } from '../plan/pointer.js';
import { quote } from '../plan/words.js';
import { asMap, type Model, type Note, type Noted, type StageNode } from './model.js';
import { subjectOf } from './objection.js';
import type { Arrival, Arrivals } from './record-flow.js';

/** The text of a stage's condition, where it has one that is sound by itself. */
function whereOf(model: Model, { op, config }: StageNode): string | undefined {
  const entry = model.catalog.get(op ?? '');
  if (entry?.failsWith === undefined || !entry.config.safeParse(config).success) return undefined;
  const where = asMap(config)?.where;
  return typeof where === 'string' ? where : undefined;
}

export function checkWhere(model: Model, arrivals: Arrivals, note: Note): void {
  for (const stage of model.stages) {
    const where = whereOf(model, stage);
    if (where === undefined) continue;
    const codec = codecAt(model, stage, arrivals(stage) ?? []);
    if (codec === undefined) continue;
    for (const finding of typeof codec === 'object' && 'path' in codec
      ? [codec]
      : findingsOf(model, stage, where, codec))
      note(finding);
  }
}

/** What the records are, or why that cannot be said; undefined where something else was reported. */
function codecAt(model: Model, stage: StageNode, arrivals: readonly Arrival[]): Codec | Noted | undefined {
  const [first, ...others] = arrivals;
  if (first === undefined || arrivals.some(({ unsure }) => unsure)) return undefined;
  const codec = first.source.codec ?? 'bytes';
  const other = others.find(({ source }) => !isSame(codec, source.codec ?? 'bytes'));
  if (other !== undefined) return disagree(model, stage, [first, other]);
  const changed = arrivals.find(({ changedBy, known }) => changedBy !== undefined || known?.adder !== undefined);
  const writer = changed?.changedBy ?? changed?.known?.adder;
  return layoutOf(codec) === undefined || writer === undefined ? codec : noStruct(model, stage, writer);
}

const isSame = (one: Codec, other: Codec): boolean =>
  codecKind(one) === codecKind(other) && layoutOf(one)?.hash === layoutOf(other)?.hash;

function disagree(model: Model, stage: StageNode, arrivals: readonly Arrival[]): Noted {
  const [one, other] = arrivals.map(({ source }) => `ingress ${quote(source.id)}`);
  const path = under(stage.path, 'config', 'where');
  return {
    code: 'EXPRESSION_RECORDS',
    path,
    message: `${subjectOf(model.document, path)} reads records of one kind, but those of ${one} and of ${other} have different codecs.`,
    hint: 'Give both ingresses the same codec, or put the condition on each way before they meet.',
    related: arrivals.map(({ source }) => ({ path: source.path, message: `${quote(source.id)} is declared here.` })),
  };
}

function noStruct(model: Model, stage: StageNode, writer: StageNode): Noted {
  const path = under(stage.path, 'config', 'where');
  return {
    code: 'EXPRESSION_RECORDS',
    path,
    message: `${subjectOf(model.document, path)} reads fields of a struct, but behind the stage ${quote(writer.id)} the records are not structs any more.`,
    hint: `Put this stage before ${quote(writer.id)}.`,
    related: [{ path: writer.path, message: `${quote(writer.id)} is declared here.` }],
  };
}

function findingsOf(model: Model, stage: StageNode, where: string, codec: Codec): Noted[] {
  const path = under(stage.path, 'config', 'where');
  const noted = (code: Noted['code'], { message, start, end }: ExpressionNote): Noted => ({
    code,
    path,
    message: `${subjectOf(model.document, path)}, ${placeIn(where, start)}: ${message}.`,
    received: where.slice(start, end),
  });
  const compiled = compileExpressions([where], { record: shapeOfCodec(codec), result: ['bool'] });
  if (!compiled.ok) return [noted('EXPRESSION_WRONG', compiled)];
  const handled = asMap(valueAt(model.document, stage.path))?.on_error !== undefined;
  return handled ? [] : (compiled.warnings[0] ?? []).map((warning) => noted('EXPRESSION_ABSENT', warning));
}

/** 1-based, as the places of diagnostics are; the line only where the text has several. */
function placeIn(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  const column = (lines.at(-1) as string).length + 1;
  return text.includes('\n')
    ? `line ${lines.length}, column ${column} of the expression`
    : `column ${column} of the expression`;
}
