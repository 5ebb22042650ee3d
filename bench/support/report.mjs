/** Progress on standard error, results as a file and as text. Shared by all benchmark programs. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../test/tools/process.mjs';

const terminal = process.stderr.isTTY === true;
let shown = '';

/** One line that is overwritten on a terminal; elsewhere only what `milestone` says is printed. */
export function progress(text) {
  if (!terminal) return;
  process.stderr.write(`\r${text.padEnd(shown.length)}`);
  shown = text;
}

/** A line that stays. */
export function milestone(text) {
  if (terminal && shown !== '') process.stderr.write(`\r${' '.repeat(shown.length)}\r`);
  shown = '';
  process.stderr.write(`${text}\n`);
}

/** Writes a result to bench/results/NAME.json, or where `--out` says. */
export function writeResult(name, result, out) {
  const path = out ?? join(root, 'bench/results', `${name}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  milestone(`written: ${path}`);
}

/** Rows as columns: the first to the left, the others to the right. */
export function columns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const cell = (value, column) =>
    column === 0 ? String(value).padEnd(widths[column]) : String(value).padStart(widths[column]);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** Each of some values for people, least first. */
export const shortEach = (values, between) =>
  [...values]
    .sort((a, b) => a - b)
    .map(short)
    .join(between);

/** A rate or ratio for people: three digits. */
export function short(value) {
  if (value === null || Number.isNaN(value)) return '-';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
