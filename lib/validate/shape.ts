/**
 * First pass: is each value of the document, on its own, what the schema says? Unions are entered by their tag only,
 * so a wrong lane says what is wrong with that lane and nothing about the other three kinds. Pure; any thread.
 */
import type * as z from 'zod';
import { laneGraphPlanSchema, planOfUnknownTargetSchema, singleRingPlanSchema } from '../plan/schema.js';
import { IssueReader } from './issues.js';
import { asMap, type Note } from './model.js';

/**
 * Notes every value of the document that is wrong on its own. Gives the places that need no further finding, among
 * them fields that are missing because they are misspelt.
 */
export function checkShape(document: unknown, note: Note): ReadonlySet<string> {
  return checkAgainst(schemaFor(document), document, document, '', note);
}

/** Notes every value below `base` that a schema refuses: the document itself, or the config of one stage. */
export function checkAgainst(
  schema: z.ZodType,
  value: unknown,
  document: unknown,
  base: string,
  note: Note,
): ReadonlySet<string> {
  const result = schema.safeParse(value);
  if (result.success) return new Set();
  const reader = new IssueReader(schema, value, document, base, note);
  reader.readAll(result.error.issues, []);
  return reader.seen;
}

function schemaFor(document: unknown): z.ZodType {
  const target = asMap(document)?.target;
  if (target === 'SingleRing') return singleRingPlanSchema;
  if (target === 'LaneGraph') return laneGraphPlanSchema;
  return planOfUnknownTargetSchema;
}
