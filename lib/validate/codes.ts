/**
 * The one table of diagnostic codes. `docs/diagnostics.md` is written from it, `explain` prints it, and the type of a
 * code is its keys; a test holds all of them together. Pure; any thread.
 */
import { EXPRESSION_CODES, OWN_OP_CODES, RECORD_CODES, SET_FIELD_CODES } from './codes-flow.js';
import { GRAPH_CODES } from './codes-graph.js';
import { READING_CODES } from './codes-reading.js';
import { RING_CODES } from './codes-ring.js';
import { SHAPE_CODES } from './codes-shape.js';

/** What is known about a diagnostic code. */
export interface CodeEntry {
  /** A plan with an error is refused. */
  readonly severity: 'error' | 'warning';
  /** A line. */
  readonly title: string;
  /** The rule, and why there is one. */
  readonly meaning: string;
  /** A fragment of a plan, as YAML, that gets this code. */
  readonly example: string;
  /** What to do. */
  readonly remedy: string;
}

export const CODE_GROUPS = {
  'Reading the plan': READING_CODES,
  'Single values': SHAPE_CODES,
  SingleRing: RING_CODES,
  LaneGraph: GRAPH_CODES,
  'Records along the plan': RECORD_CODES,
  'Fields that a stage sets': SET_FIELD_CODES,
  Expressions: EXPRESSION_CODES,
  'Ops of your own': OWN_OP_CODES,
} as const satisfies Record<string, Record<string, CodeEntry>>;

export const CODES = {
  ...READING_CODES,
  ...SHAPE_CODES,
  ...RING_CODES,
  ...GRAPH_CODES,
  ...RECORD_CODES,
  ...SET_FIELD_CODES,
  ...EXPRESSION_CODES,
  ...OWN_OP_CODES,
};

/** A code of a diagnostic; docs/diagnostics.md explains each. */
export type DiagnosticCode = keyof typeof CODES;

export function isDiagnosticCode(code: string): code is DiagnosticCode {
  return Object.hasOwn(CODES, code);
}

/** The text that `byteor explain CODE` prints; undefined if there is no such code. Case does not matter. */
export function explain(code: string): string | undefined {
  const known = code.toUpperCase();
  if (!isDiagnosticCode(known)) return undefined;
  const { severity, title, meaning, example, remedy } = CODES[known];
  const indented = example
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return `${known} (${severity}): ${title}\n\n${meaning}\n\nExample:\n\n${indented}\n\nWhat to do: ${remedy}\n`;
}

/** The page `docs/diagnostics.md`. */
export function diagnosticsPage(): string {
  const intro = [
    '# Diagnostics',
    '',
    'Every finding about a plan has one of these codes. They are stable: scripts may rely on them. `byteor explain CODE`',
    'prints the same text. This page is written from `lib/validate/codes.ts`; a test keeps the two equal.',
    '',
    'All diagnostics of a plan come in one report, in the order of the document as it is written: of a text, by line and',
    'column; of JavaScript values, by the order of keys and list items. What speaks of the plan as a whole comes first. A',
    'field that is missing is reported, by line and in this order, where the map begins that it would be in, so before what',
    'is wrong inside. At one place the order is that of the codes.',
    '',
  ];
  const groups = Object.entries(CODE_GROUPS).flatMap(([title, codes]) => [
    `## ${title}`,
    '',
    ...Object.entries(codes).flatMap(([code, entry]) => section(code, entry)),
  ]);
  return `${[...intro, ...groups].join('\n').trimEnd()}\n`;
}

function section(code: string, entry: CodeEntry): string[] {
  return [
    `### ${code}`,
    '',
    `**${entry.title}** (${entry.severity})`,
    '',
    entry.meaning,
    '',
    '```yaml',
    ...entry.example.split('\n'),
    '```',
    '',
    `What to do: ${entry.remedy}`,
    '',
  ];
}
