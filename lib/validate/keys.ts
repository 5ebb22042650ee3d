/** Rule: a key of kind `field` needs records with that field, at one place in all of them. Pure; any thread. */
import { codecKind, layoutOf } from '../plan/codec-layout.js';
import type { Key } from '../plan/document.js';
import { under } from '../plan/pointer.js';
import { didYouMean, quote } from '../plan/words.js';
import { asMap, type BoundaryNode, type Model, type Note, type Noted, type StageNode, soundKey } from './model.js';
import { subjectOf } from './objection.js';
import type { Arrival } from './record-flow.js';

/**
 * Checks a key at `path` against the records that it will see. An ingress with an unsound codec says nothing; a key that
 * is not sound was reported.
 */
export function checkKey(model: Model, value: unknown, path: string, arrivals: readonly Arrival[], note: Note): void {
  const finding = keyFinding(model, value, path, arrivals);
  if (finding !== undefined) note(finding);
}

function keyFinding(model: Model, value: unknown, path: string, arrivals: readonly Arrival[]): Noted | undefined {
  const key = fieldKey(value);
  if (key === undefined) return undefined;
  let agreed: { readonly place: string; readonly source: BoundaryNode } | undefined;
  for (const { source, known, changedBy } of arrivals) {
    if (source.codec === undefined) {
      if (source.fieldNames?.includes(key.name) === false)
        return noField(model, key.name, source.fieldNames, path, source);
      continue;
    }
    const layout = layoutOf(source.codec);
    if (layout === undefined) return noStruct(model, key.name, path, source);
    const field = layout.fields.find((candidate) => candidate.name === key.name);
    if (field === undefined) {
      const names = layout.fields.map((candidate) => candidate.name);
      return noField(model, key.name, names, path, source);
    }
    const writer = changedBy ?? (known !== undefined && known.before.most > 0 ? known.adder : undefined);
    if (writer !== undefined) return behindWriter(model, key.name, path, writer, writer === changedBy);
    const place = `${field.kind} of ${field.size} bytes at byte ${field.offset}`;
    agreed ??= { place, source };
    if (agreed.place !== place) return twoLayouts(model, key.name, path, [agreed, { place, source }]);
  }
  return undefined;
}

/** What a field key asks for, also where something else of the key is wrong. */
function fieldKey(value: unknown): Extract<Key, { kind: 'field' }> | undefined {
  const { kind, name } = asMap(value) ?? {};
  const key = soundKey({ kind, name });
  return key?.kind === 'field' ? key : undefined;
}

function noStruct(model: Model, name: string, path: string, source: BoundaryNode): Noted {
  return {
    code: 'KEY_FIELD_CODEC',
    path: under(path, 'kind'),
    message: `${subjectOf(model.document, path)} asks for the field ${quote(name)}, but the records of ingress ${quote(source.id)} are \`${codecKind(source.codec)}\` and have no fields.`,
    received: 'field',
    hint: 'Give the ingress a struct codec, or use a key of kind bytes, token or json.',
    related: [{ path: source.path, message: `Ingress ${quote(source.id)} is declared here.` }],
  };
}

function noField(model: Model, name: string, names: readonly string[], path: string, source: BoundaryNode): Noted {
  return {
    code: 'KEY_FIELD_UNKNOWN',
    path: under(path, 'name'),
    message: `${subjectOf(model.document, path)} asks for the field ${quote(name)}, which the struct of ingress ${quote(source.id)} does not have.`,
    received: name,
    hint: () => didYouMean(name, names)() ?? `Its fields: ${names.join(', ')}.`,
    related: [{ path: under(source.path, 'codec'), message: `The struct of ${quote(source.id)}.` }],
  };
}

function behindWriter(model: Model, name: string, path: string, writer: StageNode, changes: boolean): Noted {
  const why = changes
    ? `behind the stage ${quote(writer.id)} the records are not structs any more`
    : `the stage ${quote(writer.id)} puts text before it, so that it lies elsewhere`;
  return {
    code: 'KEY_FIELD_WRITTEN',
    path: under(path, 'name'),
    message: `${subjectOf(model.document, path)} asks for the field ${quote(name)}, but ${why}.`,
    received: name,
    hint:
      changes && writer.traits?.emits !== true
        ? `Put this stage before ${quote(writer.id)}, or declare \`keeps_layout: true\` there if its op keeps the struct.`
        : `Put this stage before ${quote(writer.id)}.`,
    related: [{ path: writer.path, message: `${quote(writer.id)} is declared here.` }],
  };
}

function twoLayouts(
  model: Model,
  name: string,
  path: string,
  found: readonly { readonly place: string; readonly source: BoundaryNode }[],
): Noted {
  const [one, other] = found.map(({ place, source }) => `${quote(source.id)} (${place})`);
  return {
    code: 'KEY_FIELD_LAYOUT',
    path: under(path, 'name'),
    message: `${subjectOf(model.document, path)} asks for the field ${quote(name)}, which lies in different places in the records of ingress ${one} and of ingress ${other}.`,
    received: name,
    hint: 'Give both ingresses the same struct up to that field.',
    related: found.map(({ source }) => ({
      path: under(source.path, 'codec'),
      message: `The struct of ${quote(source.id)}.`,
    })),
  };
}
