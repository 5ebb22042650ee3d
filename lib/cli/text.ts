/** Text for terminals: columns that line up, and nothing that a plan or a file could smuggle into them. Pure. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Foreign text made harmless: control characters (terminal escapes, bidirectional overrides) become visible escapes, a
 * tab one space. Line ends stay.
 */
export function harmless(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;
const PLAIN = /^[\x20-\x7e]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts a colour.
const COLOR = /\x1b\[[0-9;]*m/g;

/** Cells that text takes on a terminal; colours take none, East Asian characters and emoji two. */
export function textWidth(text: string): number {
  const plain = text.replace(COLOR, '');
  if (PLAIN.test(plain)) return plain.length;
  let width = 0;
  for (const char of plain) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));
const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - textWidth(text))) + text;

/** Rows as lines; cells of the `right` columns are aligned to the right. Nothing is cut. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...rows.map((row) => textWidth(row[at] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, at) => (right.includes(at) ? padStart(cell, widths[at] ?? 0) : padEnd(cell, widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

export const indent = (lines: readonly string[], by = 2): string[] =>
  lines.map((line) => (line === '' ? line : ' '.repeat(by) + line));

/** Words on lines of at most `width` cells; what is longer than a line stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && textWidth(longer) > width) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    lines.push(line);
  }
  return lines;
}

/** `1 error`, `2 errors`. */
export const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Whole numbers in groups of three: `1,234,567`. By hand, because to wake up Intl takes longer than to print a summary. */
export function grouped(value: number): string {
  if (!(Math.abs(value) < 1e21)) return value.toLocaleString('en-US');
  const digits = String(Math.round(Math.abs(value)));
  return `${value < 0 ? '-' : ''}${digits.replace(/\B(?=(?:\d{3})+$)/g, ',')}`;
}

/** `REJECTED 2, TOO_LARGE 1`: counts by a code. */
export const causeWords = (causes: Readonly<Record<string, number>>): string =>
  Object.entries(causes)
    .map(([code, count]) => `${code} ${grouped(count)}`)
    .join(', ');
