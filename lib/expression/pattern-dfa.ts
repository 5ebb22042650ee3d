/**
 * The deterministic automaton of a pattern: subsets of the states of pattern-nfa.ts over classes of bytes, made minimal. A state also
 * knows what stands before it, for ^ and \b; what stands behind is known when the next byte is read. Pure; any thread.
 */
import type { Nfa, NfaState } from './pattern-nfa.js';
import type { Assertion } from './pattern-parse.js';

/** Tables as a program has them: state 0 is the start. */
export interface Dfa {
  /** Class of each of the 256 bytes. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  /** The next state by state × classes + class. */
  readonly states: Uint16Array;
  /** By state. Bit 0: a match has been found here. Bit 1: it is one if the text ends here. */
  readonly accepts: Uint8Array;
}

export const RAW_STATES_MAX = 4096;

/** What is before a place: the start of the text, the end of a line, a letter of a word. */
interface Before {
  readonly start: boolean;
  readonly line: boolean;
  readonly word: boolean;
}

const isWord = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || byte === 95 || (byte >= 97 && byte <= 122);
/** Of UTF-8: before such a byte is no place between characters. */
const isContinuation = (byte: number): boolean => byte >= 0x80 && byte <= 0xbf;
const NEWLINE = 10;
/** Behind the last byte. */
const END = -1;

function holds(what: Assertion, before: Before, next: number): boolean {
  const boundary = before.word !== (next !== END && isWord(next));
  switch (what) {
    case 'textStart':
      return before.start;
    case 'textEnd':
      return next === END;
    case 'lineStart':
      return before.line;
    case 'lineEnd':
      return next === END || next === NEWLINE;
    case 'word':
      return boundary;
    default:
      return !boundary && !isContinuation(next);
  }
}

/** What \b and \B tell apart: letters of words, and bytes within a character. */
const TOLD_APART = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
  [0x80, 0xbf],
] as const;

/** Bytes that no state and no assertion tells apart are one class. */
function classesOf(states: readonly NfaState[]): { classes: Uint8Array; samples: number[] } {
  const starts = new Set([0]);
  const cut = (low: number, high: number): void => {
    starts.add(low);
    starts.add(high + 1);
  };
  for (const state of states) {
    if (state.kind === 'bytes') cut(state.low, state.high);
    if (state.kind !== 'assert') continue;
    if (state.what === 'lineStart' || state.what === 'lineEnd') cut(NEWLINE, NEWLINE);
    if (state.what === 'word' || state.what === 'noWord') for (const [low, high] of TOLD_APART) cut(low, high);
  }
  const rows = new Map<string, number>();
  const classes = new Uint8Array(256);
  const samples: number[] = [];
  const reading = states.filter((state) => state.kind === 'bytes');
  const asserts = states.some((state) => state.kind === 'assert');
  let current = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    if (starts.has(byte)) {
      const row = reading.map(({ low, high }) => (byte >= low && byte <= high ? '1' : '0')).join('');
      const key = asserts ? `${row}${isWord(byte)}${isContinuation(byte)}${byte === NEWLINE}` : row;
      const known = rows.get(key);
      current = known ?? samples.push(byte) - 1;
      rows.set(key, current);
    }
    classes[byte] = current;
  }
  return { classes, samples };
}

interface Subset {
  /** States that read a byte or ask what comes next, ascending. */
  readonly members: readonly number[];
  readonly before: Before;
  readonly matched: boolean;
}

class SubsetBuilder {
  readonly #states: readonly NfaState[];
  readonly #start: number;
  readonly subsets: Subset[] = [];
  readonly rows: number[][] = [];
  readonly #byKey = new Map<string, number>();
  readonly #seen: Uint32Array;
  #mark = 0;

  constructor(nfa: Nfa) {
    this.#states = nfa.states;
    this.#start = nfa.start;
    this.#seen = new Uint32Array(nfa.states.length);
  }

  /**
   * What is reached without a byte. `next` undefined: assertions that ask for it stay as they are.
   *
   * @returns undefined where a match is reached
   */
  #closure(from: readonly number[], before: Before, next: number | undefined): number[] | undefined {
    this.#mark += 1;
    const members: number[] = [];
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#seen[at] === this.#mark) continue;
      this.#seen[at] = this.#mark;
      const state = this.#states[at] as NfaState;
      if (state.kind === 'match') return undefined;
      if (state.kind === 'split') open.push(...state.next);
      else if (state.kind === 'bytes') members.push(at);
      else if (state.what === 'textStart' || state.what === 'lineStart' || next !== undefined) {
        if (holds(state.what, before, next ?? END)) open.push(state.next);
      } else members.push(at);
    }
    return members.sort((left, right) => left - right);
  }

  /** The number of a subset, made where it is new. Undefined: there are too many. */
  #number(from: readonly number[], before: Before): number {
    // A match can begin at every place, so the start is in every subset.
    const members = this.#closure([...from, this.#start], before, undefined);
    const key = members === undefined ? 'match' : `${members.join(' ')}|${before.line}|${before.word}|${before.start}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, this.subsets.length);
    return this.subsets.push({ members: members ?? [], before, matched: members === undefined }) - 1;
  }

  #step(subset: Subset, byte: number, asks: boolean): number {
    if (subset.matched) return this.#number([0], subset.before);
    const members = asks ? this.#closure(subset.members, subset.before, byte) : subset.members;
    if (members === undefined) return this.#number([0], subset.before);
    const next: number[] = [];
    for (const at of members) {
      const state = this.#states[at] as NfaState;
      if (state.kind === 'bytes' && byte >= state.low && byte <= state.high) next.push(state.next);
    }
    return this.#number(next, this.#beforeOf(byte));
  }

  /** Only what an assertion asks is remembered. */
  #beforeOf(byte: number): Before {
    return { start: false, line: this.#asksLine && byte === NEWLINE, word: this.#asksWord && isWord(byte) };
  }

  get #asksLine(): boolean {
    return this.#states.some((state) => state.kind === 'assert' && state.what === 'lineStart');
  }

  get #asksWord(): boolean {
    return this.#states.some((state) => state.kind === 'assert' && (state.what === 'word' || state.what === 'noWord'));
  }

  /** Whether the number of states stays in bounds. */
  run(samples: readonly number[]): boolean {
    this.#number([], { start: true, line: true, word: false });
    for (let at = 0; at < this.subsets.length; at += 1) {
      if (this.subsets.length > RAW_STATES_MAX) return false;
      const subset = this.subsets[at] as Subset;
      const asks = subset.members.some((member) => this.#states[member]?.kind === 'assert');
      this.rows.push(samples.map((byte) => this.#step(subset, byte, asks)));
    }
    return true;
  }

  acceptOf({ members, before, matched }: Subset): number {
    if (matched) return 3;
    return this.#closure(members, before, END) === undefined ? 2 : 0;
  }
}

/** Which block of equal states each state is in: blocks are split until no byte tells two states of one block apart. */
function blocksOf(rows: readonly (readonly number[])[], accepts: readonly number[], classCount: number): number[] {
  const blockOf = [...accepts];
  let count = 0;
  const renumber = (keys: readonly string[]): number => {
    const numbers = new Map<string, number>();
    for (const [state, key] of keys.entries()) {
      const known = numbers.get(key) ?? numbers.size;
      numbers.set(key, known);
      blockOf[state] = known;
    }
    return numbers.size;
  };
  for (let found = renumber(accepts.map(String)); found !== count; ) {
    count = found;
    // One class after the other refines as much as all at once, and keeps the keys short.
    for (let column = 0; column < classCount; column += 1)
      found = renumber(rows.map((row, state) => `${blockOf[state]} ${blockOf[row[column] as number]}`));
  }
  return blockOf;
}

function minimised(
  rows: readonly (readonly number[])[],
  accepts: readonly number[],
  classCount: number,
): Omit<Dfa, 'classes'> {
  const blockOf = blocksOf(rows, accepts, classCount);
  const numberOf = new Map<number, number>();
  const members: number[] = [];
  const visit = (state: number): number => {
    const block = blockOf[state] as number;
    const known = numberOf.get(block);
    if (known !== undefined) return known;
    numberOf.set(block, members.length);
    return members.push(state) - 1;
  };
  visit(0);
  const table: number[] = [];
  for (let at = 0; at < members.length; at += 1)
    for (const next of rows[members[at] as number] as readonly number[]) table.push(visit(next));
  const states = Uint16Array.from(table);
  return { classCount, states, accepts: Uint8Array.from(members, (state) => accepts[state] as number) };
}

/** Undefined: more than RAW_STATES_MAX states on the way. */
export function buildDfa(nfa: Nfa): Dfa | undefined {
  const { classes, samples } = classesOf(nfa.states);
  const builder = new SubsetBuilder(nfa);
  if (!builder.run(samples)) return undefined;
  const accepts = builder.subsets.map((subset) => builder.acceptOf(subset));
  return { classes, ...minimised(builder.rows, accepts, samples.length) };
}
