/** Rule: a key of kind `field` needs records with that field, at one place in all of them. Pure; any thread. */
import { layoutOf } from '../plan/codec-layout.js';
import { under } from '../plan/pointer.js';
import { didYouMean, quote } from '../plan/words.js';
import { type BoundaryNode, type Model, type Note, type Noted, soundKey } from './model.js';
import { subjectOf } from './objection.js';

/**
 * Checks a key at `path` against the ingresses whose records it will see. An ingress with an unsound codec says
 * nothing; a key that is not sound was reported.
 */
export function checkKey(
  model: Model,
  value: unknown,
  path: string,
  sources: readonly BoundaryNode[],
  note: Note,
): void {
  const finding = keyFinding(model, value, path, sources);
  if (finding !== undefined) note(finding);
}

function keyFinding(model: Model, value: unknown, path: string, sources: readonly BoundaryNode[]): Noted | undefined {
  const key = soundKey(value);
  if (key?.kind !== 'field') return undefined;
  let agreed: { readonly place: string; readonly source: BoundaryNode } | undefined;
  for (const source of sources) {
    if (source.codec === undefined) continue;
    const layout = layoutOf(source.codec);
    if (layout === undefined) return noStruct(model, key.name, path, source);
    const field = layout.fields.find((candidate) => candidate.name === key.name);
    if (field === undefined) {
      const names = layout.fields.map((candidate) => candidate.name);
      return noField(model, key.name, names, path, source);
    }
    const place = `${field.kind} of ${field.size} bytes at byte ${field.offset}`;
    agreed ??= { place, source };
    if (agreed.place !== place) return twoLayouts(model, key.name, path, [agreed, { place, source }]);
  }
  return undefined;
}

function noStruct(model: Model, name: string, path: string, source: BoundaryNode): Noted {
  return {
    code: 'KEY_FIELD_CODEC',
    path: under(path, 'kind'),
    message: `${subjectOf(model.document, path)} asks for the field ${quote(name)}, but the records of ingress ${quote(source.id)} are \`${source.codec}\` and have no fields.`,
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
