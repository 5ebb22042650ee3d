/** Small words that every check needs: naming types, listing choices, and the nearest of them. Pure; any thread. */
import { closest, distance } from 'fastest-levenshtein';
import { CATALOG_BOUNDARIES_MAX, CATALOG_STAGES_MAX, ID_CHARS_MAX } from './limits.js';

/** What a value is, in the words of the document: `text`, `a list`, `a map`, `nothing (null)`. */
export function typeName(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return 'a map';
    default:
      return `a ${typeof value}`;
  }
}

/** A value inside a sentence: text in quotes, cut when long, everything else as `typeName` or JSON says. */
export function quote(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length <= ID_CHARS_MAX ? value : `${value.slice(0, ID_CHARS_MAX)}…`);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeName(value);
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(words: readonly string[], joiner: 'or' | 'and' = 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${joiner} ${words.at(-1)}`;
}

/** `1 stage`, `2 stages`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;
}

/** The choice that a misspelt word most likely meant; undefined if none is near, so that a hint is never a guess. */
export function nearest(word: unknown, choices: readonly string[]): string | undefined {
  if (typeof word !== 'string' || word.length === 0 || word.length > ID_CHARS_MAX) return undefined;
  if (choices.length === 0 || choices.length > CHOICES_MAX) return undefined;
  const folded = foldedOf(choices);
  const swapped = swaps(fold(word)).find((other) => folded.choices.has(other));
  if (swapped !== undefined) return folded.choices.get(swapped);
  const best = closest(fold(word), folded.keys);
  const longest = Math.max(word.length, best.length);
  const allowed = longest < 2 ? 0 : Math.max(1, Math.floor(longest / 3));
  return distance(fold(word), best) <= allowed ? folded.choices.get(best) : undefined;
}

/** The word with two neighbours in each other's place, which counts as one slip and not as two. */
function swaps(word: string): string[] {
  return Array.from({ length: Math.max(0, word.length - 1) }, (_, at) => {
    return word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
  }).filter((other) => other !== word);
}

/** `Did you mean "x"?`, as a thunk: the search runs only for diagnostics that are reported. */
export function didYouMean(word: unknown, choices: readonly string[]): () => string | undefined {
  return () => {
    const choice = nearest(word, choices);
    return choice === undefined ? undefined : `Did you mean ${quote(choice)}?`;
  };
}

/** A plan within its limits has at most this many names; in a larger one the search would cost more than it helps. */
const CHOICES_MAX = CATALOG_STAGES_MAX + CATALOG_BOUNDARIES_MAX;

interface Folded {
  readonly choices: ReadonlyMap<string, string>;
  readonly keys: readonly string[];
}

/** One list of choices serves many hints, so its folded form is kept as long as the list. */
const foldedLists = new WeakMap<readonly string[], Folded>();

function foldedOf(choices: readonly string[]): Folded {
  const known = foldedLists.get(choices);
  if (known !== undefined) return known;
  const map = new Map(choices.map((choice) => [fold(choice), choice]));
  const folded = { choices: map, keys: [...map.keys()] };
  foldedLists.set(choices, folded);
  return folded;
}

/** Case and the two word separators are the commonest slips, so they cost nothing. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}
