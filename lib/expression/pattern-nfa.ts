/**
 * A pattern as an automaton over bytes of UTF-8, built from its end: each part knows what comes behind it, so that sequences of bytes
 * with one tail share it. Pure; any thread.
 */
import { type Assertion, CODE_POINT_MAX, type CodeRange, type Pattern, PatternError } from './pattern-parse.js';

export type NfaState =
  | { readonly kind: 'bytes'; readonly low: number; readonly high: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: number[] }
  | { readonly kind: 'assert'; readonly what: Assertion; readonly next: number }
  | { readonly kind: 'match' };

export interface Nfa {
  readonly states: readonly NfaState[];
  readonly start: number;
}

/** States that read a byte; what a pattern may have before its automaton is made deterministic. */
export const POSITIONS_MAX = 2000;
const STATES_MAX = 20_000;

type ByteRange = readonly [number, number];

/**
 * Every character past ASCII. The text has been checked, so the first byte tells how many follow, whatever they are: far fewer states
 * than exact ranges have.
 */
const NON_ASCII: readonly (readonly ByteRange[])[] = [
  [
    [0xc2, 0xdf],
    [0x80, 0xbf],
  ],
  [
    [0xe0, 0xef],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf0, 0xf4],
    [0x80, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
];

/** The sequences of byte ranges that a range of code points is in UTF-8. */
function sequencesOf([low, high]: CodeRange): (readonly ByteRange[])[] {
  if (low > high) return [];
  if (low <= 0x80 && high === CODE_POINT_MAX) return [...sequencesOf([low, 0x7f]), ...NON_ASCII];
  for (const last of [0x7f, 0x7ff, 0xffff])
    if (low <= last && last < high) return [...sequencesOf([low, last]), ...sequencesOf([last + 1, high])];
  if (high <= 0x7f) return [[[low, high]]];
  for (let bits = 6; bits <= 18; bits += 6) {
    const mask = (1 << bits) - 1;
    if ((low & ~mask) === (high & ~mask)) continue;
    if ((low & mask) !== 0) return [...sequencesOf([low, low | mask]), ...sequencesOf([(low | mask) + 1, high])];
    if ((high & mask) !== mask)
      return [...sequencesOf([low, (high & ~mask) - 1]), ...sequencesOf([high & ~mask, high])];
  }
  const [from, to] = [encode(low), encode(high)];
  return [from.map((byte, at) => [byte, to[at] as number])];
}

/** As UTF-8 has it; surrogates too, which no text has. */
function encode(code: number): number[] {
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
  if (code <= 0x7ff) return [0xc0 | (code >> 6), tail(0)];
  if (code <= 0xffff) return [0xe0 | (code >> 12), tail(6), tail(0)];
  return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)];
}

class NfaBuilder {
  readonly states: NfaState[] = [{ kind: 'match' }];
  #positions = 0;
  /** The repetitions around the place, outermost first. */
  readonly #around: (Pattern & { kind: 'repeat' })[] = [];

  #add(state: NfaState): number {
    if (state.kind === 'bytes') this.#positions += 1;
    if (this.#positions > POSITIONS_MAX || this.states.length >= STATES_MAX) this.#tooLarge();
    return this.states.push(state) - 1;
  }

  #tooLarge(): never {
    const largest = this.#around.reduce<(Pattern & { kind: 'repeat' }) | undefined>(
      (most, repeat) => (most === undefined || repeat.min + repeat.max > most.min + most.max ? repeat : most),
      undefined,
    );
    throw new PatternError(
      `the pattern has more than ${POSITIONS_MAX} places once its repetitions are written out; repeat less, or use * or +`,
      largest?.start ?? 0,
      largest?.end ?? 0,
    );
  }

  /** The state that a part starts with when `next` comes behind it. */
  build(pattern: Pattern, next: number): number {
    switch (pattern.kind) {
      case 'set':
        return this.#set(pattern.ranges, next);
      case 'all':
        return pattern.parts.reduceRight((behind, part) => this.build(part, behind), next);
      case 'any':
        return this.#add({ kind: 'split', next: pattern.parts.map((part) => this.build(part, next)) });
      case 'assert':
        return this.#add({ kind: 'assert', what: pattern.what, next });
      default: {
        this.#around.push(pattern);
        const start = this.#repeat(pattern, next);
        this.#around.pop();
        return start;
      }
    }
  }

  #repeat({ of, min, max }: Pattern & { kind: 'repeat' }, next: number): number {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const targets: number[] = [];
      start = this.#add({ kind: 'split', next: targets });
      targets.push(this.build(of, start), next);
    } else
      for (let count = min; count < max; count += 1) {
        const body = this.build(of, start);
        start = this.#add({ kind: 'split', next: [body, next] });
      }
    for (let count = 0; count < min; count += 1) start = this.build(of, start);
    return start;
  }

  #set(ranges: readonly CodeRange[], next: number): number {
    const known = new Map<string, number>();
    const starts = new Set<number>();
    for (const sequence of ranges.flatMap(sequencesOf)) {
      let state = next;
      for (const [low, high] of sequence.toReversed()) {
        const key = `${low} ${high} ${state}`;
        const same = known.get(key) ?? this.#add({ kind: 'bytes', low, high, next: state });
        known.set(key, same);
        state = same;
      }
      starts.add(state);
    }
    const [only] = starts;
    return starts.size === 1 && only !== undefined ? only : this.#add({ kind: 'split', next: [...starts] });
  }
}

/** @throws PatternError where it has too many places */
export function buildNfa(pattern: Pattern): Nfa {
  const builder = new NfaBuilder();
  const start = builder.build(pattern, 0);
  return { states: builder.states, start };
}
