/** One objection of zod to one value, in the words of the plan, with the user's own names. Pure; any thread. */
import type * as z from 'zod';
import { FIELD_NAME_PATTERN, FIELD_WRITES, ID_CHARS_MAX, ID_PATTERN } from '../plan/limits.js';
import { utf8Length } from '../plan/utf8.js';
import { count, didYouMean, oneOf, quote, typeName } from '../plan/words.js';
import { expectedAt, ownCode } from './expected.js';
import { asMap, type Noted } from './model.js';
import { capital, placeName } from './names.js';

type Issue = z.core.$ZodIssue;

export function describeObjection(issue: Issue, document: unknown, pointer: string, received: unknown): Noted {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' && typeof received === 'number'
        ? wrongRange(document, pointer, received, 'a whole number')
        : wrongType(document, pointer, TYPE_WORDS[issue.expected] ?? issue.expected, received);
    case 'invalid_value':
      return wrongWord(document, pointer, issue.values.map(String), received);
    case 'invalid_union':
      return wrongWord(document, pointer, optionsOf(issue), received);
    case 'invalid_format':
      return wrongFormat(document, pointer, issue.pattern ?? '', received);
    case 'too_small':
      return wrongSize(document, pointer, 'at least', Number(issue.minimum), received);
    case 'too_big':
      return wrongSize(document, pointer, 'at most', Number(issue.maximum), received);
    case 'custom':
      return wrongByRule(document, pointer, issue.params ?? {}, received);
    default:
      return wrongType(document, pointer, 'another value', received);
  }
}

export function wrongType(
  document: unknown,
  pointer: string,
  expected: string | readonly string[],
  received: unknown,
): Noted {
  const words = expectedAt(pointer) ?? (typeof expected === 'string' ? expected : choice(expected));
  const message = `${subjectOf(document, pointer)} must be ${words}, not ${typeName(received)}.`;
  return { code: ownCode(pointer) ?? 'FIELD_TYPE', path: pointer, message, received };
}

export function wrongWord(document: unknown, pointer: string, words: readonly string[], received: unknown): Noted {
  if (typeof received === 'object') return wrongType(document, pointer, words, received);
  const expected = expectedAt(pointer) ?? choice(words);
  const message = `${subjectOf(document, pointer)} must be ${expected}, not ${quote(received)}.`;
  const hint =
    received === 'KeyHash'
      ? 'Write `{ kind: KeyHash, key: … }`: it needs a key.'
      : words.length > 1
        ? didYouMean(received, words)
        : undefined;
  return { code: ownCode(pointer) ?? 'FIELD_VALUE', path: pointer, message, received, hint };
}

function wrongFormat(document: unknown, pointer: string, pattern: string, received: unknown): Noted {
  const code = PATTERN_CODES.get(pattern) ?? 'KEY_POINTER';
  const message = `${subjectOf(document, pointer)} is ${quote(received)}; ${PATTERN_WORDS[code]}.`;
  const hint = code === 'ID_SYNTAX' ? idHint(String(received)) : undefined;
  return { code, path: pointer, message, received, hint };
}

function wrongSize(document: unknown, pointer: string, bound: string, limit: number, received: unknown): Noted {
  if (typeof received === 'number') return wrongRange(document, pointer, received, `${bound} ${limit}`);
  const size = Array.isArray(received) ? received.length : String(received).length;
  const wanted = count(limit, Array.isArray(received) ? 'item' : 'character');
  const message = `${subjectOf(document, pointer)} must have ${bound} ${wanted}; it has ${size}.`;
  return { code: 'FIELD_LENGTH', path: pointer, message, received };
}

function wrongRange(document: unknown, pointer: string, received: number, bound: string): Noted {
  const message = `${subjectOf(document, pointer)} must be ${expectedAt(pointer) ?? bound}, not ${received}.`;
  return { code: ownCode(pointer) ?? 'FIELD_RANGE', path: pointer, message, received };
}

/** The two refinements of the schemas: a bound in UTF-8 bytes, and one of several fields. */
function wrongByRule(
  document: unknown,
  pointer: string,
  params: Readonly<Record<string, unknown>>,
  received: unknown,
): Noted {
  const subject = subjectOf(document, pointer);
  const choices = params.exactlyOneOf as readonly string[] | undefined;
  if (choices === undefined) {
    const bytes = utf8Length(String(received));
    const message = `${subject} must have at most ${params.bytesMax} bytes of UTF-8; it has ${bytes}.`;
    return { code: 'FIELD_LENGTH', path: pointer, message, received };
  }
  const given = choices.filter((field) => asMap(received)?.[field] !== undefined);
  const state = given.length === 0 ? 'has none' : `has ${choice(given, 'and')}`;
  const message = `${subject} must have exactly one of ${choice(choices)}; it ${state}.`;
  return { code: choices === FIELD_WRITES ? 'SET_FIELD_FORM' : 'OP_MATCHER', path: pointer, message, received };
}

/** How a message begins that speaks of one place: its owner, then the field within it. */
export function subjectOf(document: unknown, pointer: string): string {
  if (pointer === '') return 'The plan';
  const owner = capital(placeName(document, pointer));
  const field = pointer.slice((OWNER.exec(pointer)?.[0] ?? '').length + 1);
  return field === '' ? owner : `${owner}: \`${field}\``;
}

/** The pointer to what `placeName` names. */
const OWNER =
  /^\/(?:stages\/\d+|boundaries\/\d+|single_ring\/stages\/\d+|lane_graph\/connections\/\d+|lane_graph\/boundary_policy\/[^/]+|single_ring|lane_graph)(?=\/|$)/;

function choice(words: readonly string[], joiner: 'or' | 'and' = 'or'): string {
  return oneOf(
    words.map((word) => `\`${word}\``),
    joiner,
  );
}

function optionsOf(issue: z.core.$ZodIssueInvalidUnion): string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

type PatternCode = 'ID_SYNTAX' | 'CODEC_FIELD_NAME' | 'KEY_POINTER';
const PATTERN_CODES = new Map<string, PatternCode>([
  [String(ID_PATTERN), 'ID_SYNTAX'],
  [String(FIELD_NAME_PATTERN), 'CODEC_FIELD_NAME'],
]);
const PATTERN_WORDS: Readonly<Record<PatternCode, string>> = {
  ID_SYNTAX: `an id is a letter and up to ${ID_CHARS_MAX - 1} letters, digits, "_" or "-"`,
  CODEC_FIELD_NAME: `a field name is a letter and up to ${ID_CHARS_MAX - 1} letters, digits or "_"`,
  KEY_POINTER: 'a JSON pointer is empty or starts with "/", and has "~" only as "~0" or "~1"',
};

/** An id that would be accepted, where the received text comes near one. */
function idHint(received: string): string | undefined {
  const id = received
    .slice(0, 4 * ID_CHARS_MAX)
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .slice(0, ID_CHARS_MAX)
    .replace(/-+$/, '');
  return id.length === 0 ? undefined : `For example ${quote(id)}.`;
}
