/**
 * Patterns of `matches`: RE2's syntax but for what has no place in a bounded automaton or needs Unicode's tables. Classes are sets of
 * code points. Pure; any thread.
 */

/** Code points from the first to the second, both included. */
export type CodeRange = readonly [number, number];

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'noWord';

export type Pattern =
  | { readonly kind: 'set'; readonly ranges: readonly CodeRange[] }
  | { readonly kind: 'all'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'any'; readonly parts: readonly Pattern[] }
  | {
      readonly kind: 'repeat';
      readonly of: Pattern;
      readonly min: number;
      readonly max: number;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'assert'; readonly what: Assertion };

/** What is wrong with a pattern; columns are UTF-16 units from its start. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
  constructor(
    message: string,
    readonly start: number,
    readonly end: number,
  ) {
    super(message);
  }
}

const REPEAT_MAX = 1000;
const NESTING_MAX = 100;
export const CODE_POINT_MAX = 0x10_ffff;

const DIGIT: readonly CodeRange[] = [[48, 57]];
const WORD: readonly CodeRange[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: readonly CodeRange[] = [
  [9, 10],
  [12, 13],
  [32, 32],
];

const POSIX: Readonly<Record<string, readonly CodeRange[]>> = {
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  alpha: [
    [65, 90],
    [97, 122],
  ],
  ascii: [[0, 127]],
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: DIGIT,
  graph: [[33, 126]],
  lower: [[97, 122]],
  print: [[32, 126]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: [[65, 90]],
  word: WORD,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};

const CLASS_ESCAPES: Readonly<Record<string, readonly CodeRange[]>> = { d: DIGIT, w: WORD, s: SPACE };
const CHARACTER_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** In order and without overlaps. */
export function merged(ranges: readonly CodeRange[]): CodeRange[] {
  const sorted = [...ranges].sort((left, right) => left[0] - right[0]);
  const out: [number, number][] = [];
  for (const [low, high] of sorted) {
    const last = out.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else out.push([low, high]);
  }
  return out;
}

export function negated(ranges: readonly CodeRange[]): CodeRange[] {
  const out: CodeRange[] = [];
  let from = 0;
  for (const [low, high] of merged(ranges)) {
    if (low > from) out.push([from, low - 1]);
    from = high + 1;
  }
  if (from <= CODE_POINT_MAX) out.push([from, CODE_POINT_MAX]);
  return out;
}

/** The letters outside of a range's own script that differ from one of it by case alone. */
const FAR_CASES: Readonly<Record<number, number>> = { 75: 0x212a, 107: 0x212a, 83: 0x17f, 115: 0x17f };
/** Ranges wider than this have their ASCII letters folded alone. */
const FOLD_WIDTH_MAX = 2048;

function withCases(ranges: readonly CodeRange[]): CodeRange[] {
  const out: CodeRange[] = [...ranges];
  const fold = (code: number): void => {
    const char = String.fromCodePoint(code);
    for (const other of [char.toLowerCase(), char.toUpperCase()]) {
      const point = other.codePointAt(0) as number;
      if (point !== code && other.length === String.fromCodePoint(point).length) out.push([point, point]);
    }
    const far = FAR_CASES[code];
    if (far !== undefined) out.push([far, far]);
  };
  for (const [low, high] of ranges) {
    const end = high - low > FOLD_WIDTH_MAX ? Math.min(high, 127) : high;
    for (let code = low; code <= end; code += 1) fold(code);
  }
  return merged(out);
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly lines: boolean;
}

class PatternParser {
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, dotAll: false, lines: false };

  constructor(readonly text: string) {}

  run(): Pattern {
    const pattern = this.#alternatives();
    if (this.#at < this.text.length) this.#fail('a ) that closes nothing; write \\) for the character', this.#at, 1);
    return pattern;
  }

  #fail(message: string, start: number, length: number): never {
    throw new PatternError(message, start, start + length);
  }

  #takes(text: string): boolean {
    if (!this.text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #alternatives(): Pattern {
    const parts = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] as Pattern) : { kind: 'any', parts };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.text.length && this.text[this.#at] !== '|' && this.text[this.#at] !== ')') {
      const start = this.#at;
      const atom = this.#atom();
      if (atom !== undefined) parts.push(this.#repeated(atom, start));
    }
    return { kind: 'all', parts };
  }

  #repeated(atom: Pattern, start: number): Pattern {
    const bounds = this.#bounds();
    if (bounds === undefined) return atom;
    this.#takes('?');
    const again = this.#at;
    if (this.#bounds() !== undefined)
      this.#fail('a repetition of a repetition; put the inner one in a group, (?:…)', again, this.#at - again);
    return { kind: 'repeat', of: atom, min: bounds[0], max: bounds[1], start, end: this.#at };
  }

  #bounds(): readonly [number, number] | undefined {
    if (this.#takes('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#takes('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#takes('?')) return [0, 1];
    const counted = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.text.slice(this.#at, this.#at + 20));
    if (counted === null) return undefined;
    const min = Number(counted[1]);
    const open = counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
    const max = counted[2] === undefined ? min : open;
    if (min > REPEAT_MAX || (max > REPEAT_MAX && max !== Number.POSITIVE_INFINITY) || min > max)
      this.#fail(
        `the repetition ${counted[0]} is out of range; counts ascend and are ${REPEAT_MAX} at most`,
        this.#at,
        counted[0].length,
      );
    this.#at += counted[0].length;
    return [min, max];
  }

  #set(ranges: readonly CodeRange[]): Pattern {
    return { kind: 'set', ranges: this.#flags.ignoreCase ? withCases(ranges) : merged(ranges) };
  }

  #atom(): Pattern | undefined {
    const start = this.#at;
    const char = String.fromCodePoint(this.text.codePointAt(start) as number);
    this.#at += char.length;
    switch (char) {
      case '(':
        return this.#group(start);
      case '[':
        return this.#class(start);
      case '.':
        return { kind: 'set', ranges: this.#flags.dotAll ? [[0, CODE_POINT_MAX]] : negated([[10, 10]]) };
      case '^':
        return { kind: 'assert', what: this.#flags.lines ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assert', what: this.#flags.lines ? 'lineEnd' : 'textEnd' };
      case '\\':
        return this.#escape(start);
      case '*':
      case '+':
      case '?':
        return this.#fail(`the repetition ${char} has nothing before it; write \\${char} for the character`, start, 1);
      default: {
        const code = char.codePointAt(0) as number;
        return this.#set([[code, code]]);
      }
    }
  }

  #group(start: number): Pattern | undefined {
    const ahead = /^\?(<?[=!])/.exec(this.text.slice(this.#at, this.#at + 3));
    if (ahead !== null)
      this.#fail(`look-around, (?${ahead[1]}…), is not supported; write two conditions with && instead`, start, 4);
    const before = this.#flags;
    if (this.#takes('?')) {
      const named = /^P?<[A-Za-z_]\w*>/.exec(this.text.slice(this.#at));
      if (named !== null) this.#at += named[0].length;
      else if (this.#setFlags(start)) return undefined;
    }
    this.#depth += 1;
    if (this.#depth > NESTING_MAX) this.#fail(`groups are nested more than ${NESTING_MAX} deep`, start, 1);
    const inner = this.#alternatives();
    this.#depth -= 1;
    if (!this.#takes(')')) this.#fail('a ( that is not closed; write \\( for the character', start, 1);
    this.#flags = before;
    return inner;
  }

  /** Reads `i)` or `i:`; whether it was the former: flags for the rest of the group. */
  #setFlags(start: number): boolean {
    const found = /^([ims]*)(?:-([ims]+))?([:)])/.exec(this.text.slice(this.#at));
    if (found === null)
      return this.#fail('a group of this kind is not supported; write (…), (?:…), (?P<name>…), (?i) or (?s)', start, 3);
    this.#at += found[0].length;
    const has = (flag: string, now: boolean): boolean =>
      (now || (found[1] as string).includes(flag)) && !(found[2] ?? '').includes(flag);
    this.#flags = {
      ignoreCase: has('i', this.#flags.ignoreCase),
      dotAll: has('s', this.#flags.dotAll),
      lines: has('m', this.#flags.lines),
    };
    return found[3] === ')';
  }

  #escape(start: number): Pattern {
    const char = this.text[this.#at] ?? '';
    if (/[1-9k]/.test(char)) this.#fail(`the back-reference \\${char} is not supported: no automaton has it`, start, 2);
    const assertion = ({ b: 'word', B: 'noWord', A: 'textStart', z: 'textEnd' } as const)[char];
    if (assertion !== undefined) {
      this.#at += 1;
      return { kind: 'assert', what: assertion };
    }
    const set = this.#classEscape();
    if (set !== undefined) return { kind: 'set', ranges: set };
    const code = this.#characterEscape(start);
    return this.#set([[code, code]]);
  }

  #classEscape(): readonly CodeRange[] | undefined {
    const char = this.text[this.#at] ?? '';
    const known = CLASS_ESCAPES[char.toLowerCase()];
    if (known === undefined) return undefined;
    this.#at += 1;
    return char === char.toLowerCase() ? known : negated(known);
  }

  /** The code point of an escape; the backslash at `start` has been read. */
  #characterEscape(start: number): number {
    const char = this.text[this.#at] ?? '';
    if (char === '') this.#fail('a backslash ends the pattern; write \\\\ for the character', start, 1);
    if (char === 'p' || char === 'P')
      this.#fail(`Unicode classes (\\${char}) are not supported; name the characters, such as [a-zà-ÿ]`, start, 2);
    const hex = /^x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(this.text.slice(this.#at, this.#at + 9));
    if (hex !== null) {
      const code = Number.parseInt((hex[1] ?? hex[2]) as string, 16);
      if (code > CODE_POINT_MAX)
        this.#fail(`\\${hex[0]} is no code point; the last is 10FFFF`, start, 1 + hex[0].length);
      this.#at += hex[0].length;
      return code;
    }
    const named = CHARACTER_ESCAPES[char];
    this.#at += 1;
    if (named !== undefined) return named;
    if (char === '0') return 0;
    if (/[A-Za-z0-9]/.test(char)) this.#fail(`the escape \\${char} is not known`, start, 2);
    if ((char.codePointAt(0) as number) >= 0x80) this.#fail('a backslash before a letter that needs none', start, 2);
    return char.charCodeAt(0);
  }

  #class(start: number): Pattern {
    const negate = this.#takes('^');
    const ranges: CodeRange[] = [];
    for (let first = true; first || this.text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.text.length) this.#fail('a [ that is not closed; write \\[ for the character', start, 1);
      ranges.push(...this.#classItem());
    }
    this.#at += 1;
    const folded = this.#flags.ignoreCase ? withCases(ranges) : merged(ranges);
    return { kind: 'set', ranges: negate ? negated(folded) : folded };
  }

  #classItem(): readonly CodeRange[] {
    const start = this.#at;
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.text.slice(start, start + 14));
    if (posix !== null) {
      const known = Object.hasOwn(POSIX, posix[2] as string) ? POSIX[posix[2] as string] : undefined;
      if (known === undefined)
        return this.#fail(`${posix[0]} is no class; write [:alpha:] or such`, start, posix[0].length);
      this.#at += posix[0].length;
      return posix[1] === '^' ? negated(known) : known;
    }
    if (this.text[start] === '\\') {
      this.#at += 1;
      const set = this.#classEscape();
      if (set !== undefined) return set;
      this.#at = start;
    }
    const low = this.#classCharacter();
    const next = this.text[this.#at + 1];
    if (this.text[this.#at] !== '-' || next === ']' || next === undefined) return [[low, low]];
    this.#at += 1;
    const high = this.#classCharacter();
    if (high < low)
      this.#fail('a range of characters that descends; write the lower one first', start, this.#at - start);
    return [[low, high]];
  }

  #classCharacter(): number {
    const start = this.#at;
    const code = this.text.codePointAt(start) as number;
    this.#at += code > 0xffff ? 2 : 1;
    return code === 92 ? this.#characterEscape(start) : code;
  }
}

/** @throws PatternError with the place in the pattern */
export function parsePattern(text: string): Pattern {
  return new PatternParser(text).run();
}
