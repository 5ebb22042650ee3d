/** A PlanDiff as lines for a person. `+`, `-` and `~` stand first, so that a caller can colour them. Pure. */

import { configWords, listWords, valueWords } from '../plan/element-words.js';
import type { CanonicalObject, CanonicalValue } from './canonical-text.js';
import type { PlanChange, PlanDiff } from './diff.js';

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;
/** Hex digits of an id that people compare. */
const ID_CHARS = 12;

const names = (value: CanonicalValue | undefined): readonly string[] => (Array.isArray(value) ? value : []) as string[];

/** What a stage waits for, as describe says it. */
const waitWords = (value: CanonicalValue | undefined): string =>
  names(value).length === 0 ? 'the ingress' : listWords(names(value));

function fieldWords({ field = '', before, after }: PlanChange): string {
  if (field === 'depends_on') return `waits for ${waitWords(before)} → ${waitWords(after)}`;
  if (field === 'order') return `order ${names(before).join(', ')} → ${names(after).join(', ')}`;
  if (field === 'on_error') return `${field} ${before ?? 'stop'} → ${after ?? 'stop'}`;
  return `${field} ${valueWords(before)} → ${valueWords(after)}`;
}

/** What a thing that came or went was: its fields on one line. */
function wholeWords(fields: CanonicalObject): string {
  const { depends_on, ...rest } = fields;
  const waits = depends_on === undefined ? '' : `, waits for ${waitWords(depends_on)}`;
  return `${configWords(rest)}${waits}`;
}

function changeWords(change: PlanChange): string {
  if (change.change === 'changed') return fieldWords(change);
  return wholeWords((change.before ?? change.after) as CanonicalObject);
}

/** Differences as text for people: lines that begin with +, - or ~, without a final line end. Pure; any thread. */
export function diffText(diff: PlanDiff): string {
  const { before, after, changes } = diff;
  const short = (id: string): string => id.slice(0, ID_CHARS);
  if (diff.same)
    return `same version ${short(before.id)}: comments, order of keys and catalogs, or defaults at most differ`;
  const head = `${before.name} ${short(before.id)} → ${after.name} ${short(after.id)}`;
  const whatWidth = Math.max(...changes.map(({ what }) => what.length));
  const idWidth = Math.max(...changes.map(({ id }) => id.length));
  const rows = changes.map((change) => {
    const { what, id } = change;
    return `${SIGNS[change.change]} ${what.padEnd(whatWidth)}  ${id.padEnd(idWidth)}  ${changeWords(change)}`.trimEnd();
  });
  return [head, ...rows].join('\n');
}
