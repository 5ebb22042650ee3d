/**
 * First pass: is each value of the document, on its own, what the schema says? Unions are entered by their tag only,
 * so a wrong lane says what is wrong with that lane and nothing about the other three kinds. Pure; any thread.
 */
import { fitsPart, PARTS, type Part } from '../plan/parts.js';
import { IssueReader } from './issues.js';
import { asMap, type Note } from './model.js';

/**
 * Notes every value of the document that is wrong on its own. Gives the places that need no further finding, among
 * them fields that are missing because they are misspelt.
 */
export function checkShape(document: unknown, note: Note): ReadonlySet<string> {
  return checkAgainst(partFor(document), document, document, '', note);
}

/** Notes every value below `base` that the schema of a part refuses: the document itself, or the config of one stage. */
export function checkAgainst(
  part: Part,
  value: unknown,
  document: unknown,
  base: string,
  note: Note,
): ReadonlySet<string> {
  if (fitsPart(part, value)) return new Set();
  const { schema } = part;
  const result = schema.safeParse(value);
  if (result.success) return new Set();
  const reader = new IssueReader(schema, value, document, base, note);
  reader.readAll(result.error.issues, []);
  return reader.seen;
}

function partFor(document: unknown): Part {
  const target = asMap(document)?.target;
  if (target === 'SingleRing') return PARTS.singleRingPlan;
  if (target === 'LaneGraph') return PARTS.laneGraphPlan;
  return PARTS.planOfUnknownTarget;
}
