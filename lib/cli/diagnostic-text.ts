/**
 * Diagnostics as a person reads them:
 *
 *   plan.yaml:12:9 error STAGE_DUPLICATE The id "a" stands twice.
 *      12 │   - id: a
 *         │         ^
 *      received  "a"
 *      hint      Give each stage an id of its own.
 *
 * Pure; any thread.
 */
import type { Diagnostic } from '../plan/diagnostic.js';
import type { Colors } from './terminal.js';
import { counted, harmless, indent, textWidth, wrap } from './text.js';

/** Cells of an excerpt: beyond that, a line is cut around its column. */
const EXCERPT_CELLS_MAX = 100;

export interface DiagnosticStyle {
  readonly colors: Colors;
  /** Cells of a line; undefined where no person looks: then a finding is one line, which `grep` can find. */
  readonly columns: number | undefined;
}

/** Where the lines of the source come from: the text of each file, as far as it was read. */
export type Sources = ReadonlyMap<string, Uint8Array>;

/** All diagnostics and a last line that counts them. No final line end. */
export function diagnosticsText(diagnostics: readonly Diagnostic[], sources: Sources, style: DiagnosticStyle): string {
  const lines = new Map([...sources].map(([file, bytes]) => [file, sourceLines(bytes)] as const));
  const blocks = diagnostics.map((diagnostic) => block(diagnostic, lines.get(diagnostic.file ?? ''), style));
  return [...blocks, summary(diagnostics, style.colors)].join('\n');
}

/** Lines as an editor counts them: a byte order mark is not a character of the first line. */
function sourceLines(bytes: Uint8Array): readonly string[] {
  return new TextDecoder('utf-8').decode(bytes).split(/\r?\n/);
}

function block(diagnostic: Diagnostic, lines: readonly string[] | undefined, style: DiagnosticStyle): string {
  const { colors, columns } = style;
  const { severity, code, message, line, column } = diagnostic;
  const paint = severity === 'error' ? colors.red : colors.yellow;
  const head = `${colors.bold(place(diagnostic))} ${paint(severity)} ${colors.bold(code)} ${harmless(message)}`;
  const below = excerpt(lines, line, column, paint, colors);
  const notes = [
    ...(diagnostic.received === undefined ? [] : note('received', JSON.stringify(diagnostic.received), style)),
    ...(diagnostic.hint === undefined ? [] : note('hint', diagnostic.hint, style)),
    ...(diagnostic.related ?? []).flatMap((related) => {
      const at = related.line === undefined ? related.path : `${diagnostic.file}:${related.line}:${related.column}`;
      return note('see', `${at} ${related.message}`, style);
    }),
  ];
  return [...folded(head, columns, 0), ...indent([...below, ...notes], 3)].join('\n');
}

const folded = (text: string, columns: number | undefined, indented: number): string[] =>
  columns === undefined ? [text] : wrap(text, Math.max(40, columns - indented));

/** `file:line:column`, which terminals and editors make a link of; a pointer where the plan came from no text. */
function place({ file, line, column, path }: Diagnostic): string {
  const where = line === undefined ? (path === '' ? '' : ` ${path}`) : `:${line}:${column ?? 1}`;
  return harmless(`${file ?? 'plan'}${where}`);
}

function note(name: string, text: string, { colors, columns }: DiagnosticStyle): string[] {
  const [first = '', ...rest] = folded(harmless(text), columns, 15);
  return [`${colors.dim(name.padEnd(8))}  ${first}`, ...rest.map((line) => `${' '.repeat(10)}${line}`)];
}

function excerpt(
  lines: readonly string[] | undefined,
  line: number | undefined,
  column: number | undefined,
  paint: (text: string) => string,
  colors: Colors,
): string[] {
  const text = line === undefined ? undefined : lines?.[line - 1];
  if (text === undefined || line === undefined || text.trim() === '') return [];
  const at = Math.min((column ?? 1) - 1, text.length);
  // The beginning is only cut away when the column would otherwise stand too far right.
  const from = at > EXCERPT_CELLS_MAX - 30 ? at - 30 : 0;
  const shown = text.slice(from, from + EXCERPT_CELLS_MAX);
  const before = `${from > 0 ? '…' : ''}${harmless(text.slice(from, at))}`;
  const whole = `${from > 0 ? '…' : ''}${harmless(shown)}${from + shown.length < text.length ? '…' : ''}`;
  const gutter = String(line).length;
  return [
    `${colors.dim(`${line} │`)} ${whole}`,
    `${colors.dim(`${' '.repeat(gutter)} │`)} ${' '.repeat(textWidth(before))}${paint('^')}`,
  ];
}

function summary(diagnostics: readonly Diagnostic[], colors: Colors): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const parts = [
    ...(errors > 0 ? [colors.red(counted(errors, 'error'))] : []),
    ...(warnings > 0 ? [colors.yellow(counted(warnings, 'warning'))] : []),
  ];
  return parts.join(', ');
}
