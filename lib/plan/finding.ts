/**
 * What a check notes down, before positions are looked up: a code, a place, a sentence. `report` turns a run's
 * findings into diagnostics: sorted, bounded, with line and column where the plan came from text. Pure; any thread.
 */
import type { Diagnostic } from './diagnostic.js';
import { compareRanks, DocumentOrder } from './document-order.js';
import { DIAGNOSTICS_MAX, RECEIVED_CHARS_MAX } from './limits.js';

/** 1-based; columns in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  readonly code: string;
  readonly severity?: 'error' | 'warning';
  readonly path: string;
  readonly message: string;
  /** The value as it stood; shortened by `report`. Left out where nothing stood there. */
  readonly received?: unknown;
  /** A thunk where finding the hint costs something: it is called only for diagnostics that are reported. */
  readonly hint?: string | (() => string | undefined) | undefined;
  readonly related?: readonly { readonly path: string; readonly message: string; readonly at?: Position }[] | undefined;
  /** The key of the place is what is wrong, not its value. */
  readonly atKey?: boolean;
  /** Known where the text itself is wrong and the place has no pointer of its own. */
  readonly at?: Position | undefined;
}

/** From a place to its position in the text; a place that does not exist is where it would be, in its parent. */
export type Locate = (pointer: string, part: 'key' | 'value') => Position | undefined;

/** Stands in a document for a value that was already reported as unreadable, so that no later check reports it again. */
export const BROKEN: unique symbol = Symbol('reported as unreadable');

/**
 * All findings of one run as diagnostics, in the order of the document: of a text, by the line and column at which they
 * are reported; of values, by the order of keys and items, which is the same where a text holds no alias.
 */
export function report(
  findings: readonly Finding[],
  document: unknown,
  file: string | undefined,
  locate: Locate,
): Diagnostic[] {
  const order = new DocumentOrder(document);
  const sorted = findings
    .map((finding) => {
      const part = finding.atKey === true ? 'key' : 'value';
      const at = finding.at ?? locate(finding.path, part);
      return { finding, line: at?.line ?? 0, column: at?.column ?? 0, rank: order.rankOf(finding.path, part) };
    })
    .sort(
      (a, b) =>
        a.line - b.line ||
        a.column - b.column ||
        compareRanks(a.rank, b.rank) ||
        compareText(a.finding.path, b.finding.path) ||
        compareText(a.finding.code, b.finding.code) ||
        compareText(a.finding.message, b.finding.message),
    )
    .map((entry) => entry.finding);
  const shown = sorted.slice(0, DIAGNOSTICS_MAX);
  const cut = sorted.slice(DIAGNOSTICS_MAX);
  if (cut.length > 0) shown.push(summaryOf(cut));
  return shown.map((finding) => toDiagnostic(finding, file, locate));
}

function summaryOf(cut: readonly Finding[]): Finding {
  return {
    code: 'DIAGNOSTICS_CUT',
    severity: cut.some((finding) => finding.severity !== 'warning') ? 'error' : 'warning',
    path: '',
    message: `${cut.length} more findings are not listed; the first ${DIAGNOSTICS_MAX} are.`,
    hint: 'Correct what is listed and validate again.',
  };
}

function toDiagnostic(finding: Finding, file: string | undefined, locate: Locate): Diagnostic {
  const at = finding.at ?? locate(finding.path, finding.atKey === true ? 'key' : 'value');
  const hint = typeof finding.hint === 'function' ? finding.hint() : finding.hint;
  const related = finding.related?.map(({ path, message, at }) => ({
    path,
    message,
    ...(at ?? locate(path, 'value')),
  }));
  return {
    code: finding.code,
    severity: finding.severity ?? 'error',
    path: finding.path,
    ...(file === undefined ? {} : { file }),
    ...at,
    message: finding.message,
    ...('received' in finding && finding.received !== undefined ? { received: shorten(finding.received) } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined || related.length === 0 ? {} : { related }),
  };
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** JSON-compatible data of bounded size that stands for any value at all; total, whatever it is given. */
export function shorten(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return value.length <= RECEIVED_CHARS_MAX
        ? value
        : `${value.slice(0, RECEIVED_CHARS_MAX)}… (${value.length} characters)`;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return `${shorten(value.toString())}n`;
    case 'object':
      return value === null ? null : shortenObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function shortenObject(value: object): unknown {
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const summary = Array.isArray(value) ? `a list of ${size}` : `a map of ${size}`;
  if (size > RECEIVED_CHARS_MAX / 4) return summary;
  const json = boundedJson(value, RECEIVED_CHARS_MAX);
  return json === undefined ? summary : JSON.parse(json);
}

/** The JSON of a value, or undefined if it is longer than `limit` or not JSON. */
function boundedJson(value: unknown, limit: number): string | undefined {
  let left = limit;
  try {
    const json = JSON.stringify(value, (key, item) => {
      left -= key.length + 1 + (typeof item === 'string' ? item.length : 1);
      if (left < 0 || !['string', 'number', 'boolean', 'object'].includes(typeof item))
        throw new RangeError('too long');
      return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
    });
    return json.length <= limit ? json : undefined;
  } catch {
    return undefined;
  }
}
