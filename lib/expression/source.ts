/**
 * What stands before the library's parser: spellings of CEL that it does not read are replaced by ones of the same length, so that
 * every position stays true, and noted here by position: back-quoted selectors, optional entries of lists and maps (`[?a]`), literals
 * of bytes (which the library reads as Latin-1), doubles without a leading digit, names that start with a dot. Pure; any thread.
 */

/** The text for the library, and what has been replaced in it. Positions are UTF-16 units. */
export interface PreparedSource {
  readonly text: string;
  /** Where a back-quoted selector starts, and the name in it. */
  readonly quoted: ReadonlyMap<number, string>;
  /** Where the `?` of an optional entry stands. */
  readonly optionalEntries: readonly number[];
  /** Literals of bytes by the position of their prefix. */
  readonly bytes: ReadonlyMap<number, Uint8Array>;
  /** Doubles such as `.5` by the position of their dot. */
  readonly doubles: ReadonlyMap<number, number>;
}

/** Where in the text of an expression something is said; UTF-16 units from its start, `end` excluded. */
export interface ExpressionNote {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

/** What the text says is no expression; columns are UTF-16 units from its start. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  constructor(
    message: string,
    readonly start: number,
    readonly end: number,
  ) {
    super(message);
  }
}

const STRING = /([bBrR]{0,2})("""|'''|"|')/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+[uU]?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]?/y;
const LEADING_DOT = /\.[0-9]+(?:[eE][+-]?[0-9]+)?/y;
const QUOTED = /`([A-Za-z0-9_.\-/ ]+)`/y;

const ESCAPES: Readonly<Record<string, number>> = {
  '\\': 92,
  '?': 63,
  '"': 34,
  "'": 39,
  '`': 96,
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** The position behind the string whose text starts at `from`; the end of the text where it is not closed. */
function endOfString(text: string, from: number, quote: string, raw: boolean): number {
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith(quote, at)) return at;
    if (text[at] === '\\' && !raw) at += 1;
  }
  return text.length;
}

function bytesOf(text: string, from: number, raw: boolean): Uint8Array {
  const encoder = new TextEncoder();
  const out: number[] = [];
  const bad = (at: number, length: number): never => {
    const shown = text.slice(at, at + length);
    throw new ExpressionError(
      `the escape ${shown} is none of a literal of bytes; write \\xHH, or \\ooo of three octal digits up to \\377`,
      from + at,
      from + at + length,
    );
  };
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    if (char !== '\\' || raw) {
      const point = String.fromCodePoint(text.codePointAt(at) as number);
      out.push(...encoder.encode(point));
      at += point.length;
      continue;
    }
    const next = text[at + 1] ?? '';
    const hex = /^[xX]([0-9a-fA-F]{2})/.exec(text.slice(at + 1, at + 4));
    const octal = /^[0-3][0-7]{2}/.exec(text.slice(at + 1, at + 4));
    if (hex !== null) out.push(Number.parseInt(hex[1] as string, 16));
    else if (octal !== null) out.push(Number.parseInt(octal[0], 8));
    else out.push(ESCAPES[next] ?? bad(at, 2));
    at += hex !== null || octal !== null ? 4 : 2;
  }
  return new Uint8Array(out);
}

class Scanner {
  readonly out: string[] = [];
  readonly quoted = new Map<number, string>();
  readonly optionalEntries: number[] = [];
  readonly bytes = new Map<number, Uint8Array>();
  readonly doubles = new Map<number, number>();
  /** The brackets that are open; `index` is one behind a value. */
  readonly #open: ('list' | 'map' | 'index' | 'call')[] = [];
  /** Whether a value ends directly before the place: what follows is an operator, an index or a selector. */
  #afterValue = false;
  /** Whether an entry of a list or a map may start here. */
  #entry = false;

  constructor(readonly text: string) {}

  run(): PreparedSource {
    let at = 0;
    while (at < this.text.length) at = this.#next(at);
    const { quoted, optionalEntries, bytes, doubles } = this;
    return { text: this.out.join(''), quoted, optionalEntries, bytes, doubles };
  }

  #match(pattern: RegExp, at: number): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.text);
  }

  #put(text: string, at: number, isValue: boolean): number {
    this.out.push(text);
    this.#afterValue = isValue;
    this.#entry = false;
    return at + text.length;
  }

  #next(at: number): number {
    const char = this.text[at] as string;
    if (/\s/.test(char)) {
      this.out.push(char);
      return at + 1;
    }
    if (char === '/' && this.text[at + 1] === '/') {
      const end = this.text.indexOf('\n', at);
      const comment = this.text.slice(at, end < 0 ? this.text.length : end);
      this.out.push(comment);
      return at + comment.length;
    }
    const string = this.#match(STRING, at);
    if (string !== null) return this.#string(at, string[1] as string, string[2] as string);
    const word = this.#match(WORD, at);
    if (word !== null) return this.#put(word[0], at, word[0] !== 'in');
    const number = this.#match(NUMBER, at);
    if (number !== null) return this.#put(number[0], at, true);
    return this.#punctuation(at, char);
  }

  #string(at: number, prefix: string, quote: string): number {
    const raw = /r/i.test(prefix);
    const from = at + prefix.length + quote.length;
    const end = endOfString(this.text, from, quote, raw);
    const whole = this.text.slice(at, Math.min(end + quote.length, this.text.length));
    if (!/b/i.test(prefix) || end === this.text.length) {
      // The library's reader of raw strings passes over what a backslash stands before; CEL's does not.
      return this.#put(whole, at, true);
    }
    const prefixed = `${' '.repeat(prefix.length - 1)}b`;
    this.bytes.set(at + prefix.length - 1, bytesOf(this.text.slice(from, end), from, raw));
    return this.#put(`${prefixed}${quote}${'x'.repeat(end - from)}${quote}`, at, true);
  }

  #punctuation(at: number, char: string): number {
    if (char === '.') return this.#dot(at);
    if (char === '`') {
      const name = this.#match(QUOTED, at);
      if (name === null || !/\.\??$/.test(this.out.slice(-2).join('')))
        throw new ExpressionError(
          'a name in back quotes stands behind a dot and has letters, digits and any of _ . - / and spaces; ' +
            'write record.`a-b`, or record["a-b"]',
          at,
          at + 1,
        );
      this.quoted.set(at, name[1] as string);
      return this.#put('_'.repeat(name[0].length), at, true);
    }
    if (char === '?' && this.#entry) {
      this.optionalEntries.push(at);
      return this.#put(' ', at, false);
    }
    this.#bracket(char);
    return at + 1;
  }

  #dot(at: number): number {
    if (this.#afterValue) return this.#put('.', at, false);
    const number = this.#match(LEADING_DOT, at);
    if (number === null) return this.#put(' ', at, false);
    this.doubles.set(at, Number(number[0]));
    return this.#put(`0${number[0].slice(1)}`, at, true);
  }

  #bracket(char: string): void {
    if (char === '[') this.#open.push(this.#afterValue ? 'index' : 'list');
    else if (char === '{') this.#open.push('map');
    else if (char === '(') this.#open.push('call');
    const closes = char === ']' || char === '}' || char === ')';
    if (closes) this.#open.pop();
    this.out.push(char);
    this.#afterValue = closes;
    const inside = this.#open.at(-1);
    this.#entry = /[[{,]/.test(char) && (inside === 'list' || inside === 'map');
  }
}

/** Reads a text once and replaces what the library's parser does not know. @throws ExpressionError */
export function prepareSource(text: string): PreparedSource {
  return new Scanner(text).run();
}
