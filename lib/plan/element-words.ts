/** How the parts of a plan are said to a person, the same in describe, dot and diff. Pure; any thread. */

import type { BoundaryPolicy, Codec, Key, Lane, OnError } from './document.js';

/** Author's text in quotes, with control characters escaped, cut when long. */
export function quoted(text: string, charsMax = 40): string {
  const cut = [...text].slice(0, charsMax).join('');
  const shown = JSON.stringify(cut);
  return cut.length === text.length ? shown : `${shown.slice(0, -1)}…"`;
}

/** A line of words, cut when long. */
export function cut(text: string, charsMax = 100): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`;
}

/** `struct { host: utf8(12), size: u64 }` */
export function codecWords(codec: Codec | undefined): string {
  if (codec === undefined) return 'bytes';
  if (typeof codec === 'string') return codec;
  if (codec.kind === 'json') return 'json';
  return `struct { ${codec.fields.map((field) => `${field.name}: ${field.type}`).join(', ')} }`;
}

export function keyWords(key: Key): string {
  switch (key.kind) {
    case 'bytes':
      return `${key.length} bytes at ${key.offset}`;
    case 'token':
      return `token ${key.index} between ${quoted(key.separator)}`;
    case 'json':
      return key.pointer === '' ? 'the whole JSON value' : `JSON ${key.pointer}`;
    case 'field':
      return `field ${key.name}`;
  }
}

const ON_ERROR_WORDS: Readonly<Record<OnError, string>> = {
  stop: 'a record that fails stops the pipeline',
  drop: 'drops what fails',
  pass: 'passes what fails on as it came',
  dead_letter: 'writes letters of what fails',
};

/** What becomes of records that fail in a stage. */
export const onErrorWords = (onError: OnError): string => ON_ERROR_WORDS[onError];

/** The kind of a lane and what the author said of it: `Journal (fsync none)`. */
export function laneWords(lane: Lane): string {
  const details = Object.entries(lane)
    .filter(([name, value]) => name !== 'kind' && value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? valueWords(value) : value}`);
  return details.length === 0 ? lane.kind : `${lane.kind} (${details.join(', ')})`;
}

/** @param policy undefined where it decides nothing */
export function policyWords(policy: BoundaryPolicy | undefined): string {
  if (policy === undefined) return 'one connection';
  return typeof policy === 'string' ? policy : `KeyHash of ${keyWords(policy.key)}`;
}

/** Any plan value on one line, cut when long; keys and codecs in words. */
export function valueWords(value: unknown, charsMax = 80): string {
  if (value === undefined) return '(none)';
  if (typeof value === 'string') return quoted(value, charsMax);
  if (isKey(value)) return keyWords(value);
  if (isStruct(value)) return codecWords(value);
  return cut(JSON.stringify(value), charsMax);
}

/** The configuration of a stage on one line: `contains "ERROR", inverted`; empty when there is none. */
export function configWords(config: unknown): string {
  if (config === undefined) return '';
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return valueWords(config);
  const words = Object.entries(config).map(([name, value]) => {
    if (name === 'invert' && typeof value === 'boolean') return value ? 'inverted' : '';
    return `${name} ${valueWords(value)}`;
  });
  return words.filter((word) => word !== '').join(', ');
}

/** The fields that each kind of key has, sorted. A caller's configuration may look like a key but for these. */
const KEY_FIELDS: Readonly<Record<string, string>> = {
  bytes: 'kind,length,offset',
  token: 'index,kind,separator',
  json: 'kind,pointer',
  field: 'kind,name',
};

function isKey(value: unknown): value is Key {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return typeof value.kind === 'string' && KEY_FIELDS[value.kind] === Object.keys(value).sort().join();
}

const isStruct = (value: unknown): value is Extract<Codec, { readonly kind: 'struct' }> =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  value.kind === 'struct' &&
  'fields' in value &&
  Array.isArray(value.fields);

/** `a`, `a and b`, `a, b and c`. */
export function listWords(names: readonly string[]): string {
  const last = names[names.length - 1];
  if (last === undefined) return 'nothing';
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** Bytes with a binary unit, exact below 10 KiB: `512 B`, `64 KiB`, `1.5 MiB`. */
export function byteWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}
