/** Rules about struct codecs: types that exist, names that are unique, a size within bounds. Pure; any thread. */
import { layoutStruct, parseScalar } from '../plan/codec-layout.js';
import type { StructField } from '../plan/document.js';
import { STRUCT_BYTES_MAX } from '../plan/limits.js';
import { PARTS, sound } from '../plan/parts.js';
import { under, valueAt } from '../plan/pointer.js';
import { quote } from '../plan/words.js';
import { expectedAt } from './expected.js';
import { asMap, type Model, type Note } from './model.js';
import { capital, placeName } from './names.js';
import { subjectOf } from './objection.js';

export function checkCodecs(model: Model, note: Note): void {
  for (const boundary of model.boundaries) {
    const path = under(boundary.path, 'codec');
    const fields = asMap(valueAt(model.document, path))?.fields;
    if (Array.isArray(fields)) checkStruct(model, fields, path, note);
  }
}

function checkStruct(model: Model, fields: readonly unknown[], path: string, note: Note): void {
  const first = new Map<string, number>();
  const known: StructField[] = [];
  for (const [index, value] of fields.entries()) {
    const place = under(path, 'fields', index);
    const name = asMap(value)?.name;
    if (typeof name === 'string') {
      const before = first.get(name);
      if (before === undefined) first.set(name, index);
      else noteDuplicate(name, place, under(path, 'fields', before, 'name'), note);
    }
    const field = sound(PARTS.structField, value);
    if (field === undefined) continue;
    if (parseScalar(field.type) !== undefined) known.push(field);
    else noteType(model, field.type, under(place, 'type'), note);
  }
  if (known.length === fields.length) checkSize(model, known, path, note);
}

function noteDuplicate(name: string, place: string, before: string, note: Note): void {
  note({
    code: 'CODEC_FIELD_DUPLICATE',
    path: under(place, 'name'),
    message: `The struct has two fields named ${quote(name)}.`,
    received: name,
    related: [{ path: before, message: `${quote(name)} stands here first.` }],
  });
}

function noteType(model: Model, type: string, path: string, note: Note): void {
  const message = `${subjectOf(model.document, path)} must be ${expectedAt(path)}, not ${quote(type)}.`;
  note({ code: 'CODEC_TYPE', path, message, received: type });
}

function checkSize(model: Model, fields: readonly StructField[], path: string, note: Note): void {
  const { size } = layoutStruct(fields);
  if (size <= STRUCT_BYTES_MAX) return;
  note({
    code: 'CODEC_SIZE',
    path,
    message: `${capital(placeName(model.document, path))} has a struct of ${size} bytes; at most ${STRUCT_BYTES_MAX} are possible.`,
  });
}
