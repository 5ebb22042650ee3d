/**
 * What a replay would feed, for people:
 *
 *   journal  j/keep.out
 *   records  12,345  sequences 0 to 12,344
 *   bytes    1.2 MB  the longest has 240
 *   time     2026-01-31T10:00:00.000Z to 2026-01-31T10:02:10.250Z
 *
 *   ✓ whole to its end
 *
 * Pure; any thread.
 */
import type { JournalFacts } from '../../runtime/journal-facts.js';
import { dataWords } from '../sizes.js';
import type { Colors } from '../terminal.js';
import { grouped, harmless, indent, table } from '../text.js';

const timeWords = (ms: number | null): string => new Date(ms ?? 0).toISOString();

/** Lines without a final line end. */
export function dryRunText(facts: JournalFacts, folder: string, colors: Colors): string {
  const some = facts.records > 0;
  const span = some ? `sequences ${grouped(facts.first ?? 0)} to ${grouped(facts.last ?? 0)}` : '';
  const rows = [
    ['journal', harmless(folder)],
    ['records', [grouped(facts.records), span].join('  ').trimEnd()],
    [
      'bytes',
      [dataWords(facts.bytes), some ? `the longest record has ${grouped(facts.longest)}` : ''].join('  ').trimEnd(),
    ],
    ...(some ? [['time', `${timeWords(facts.first_time_ms)} to ${timeWords(facts.last_time_ms)}`]] : []),
    ...(facts.torn_bytes > 0 ? [['torn', `${grouped(facts.torn_bytes)} bytes at its end hold no whole record`]] : []),
  ].map(([name, words]) => [colors.dim(name as string), words as string]);
  const verdict =
    facts.failure === undefined
      ? `${colors.green('✓')} every record matches its checksum`
      : `${colors.red('✗ failed')}: ${harmless(facts.failure.cause)}`;
  return [...indent(table(rows)), '', verdict].join('\n');
}
