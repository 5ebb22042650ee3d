/**
 * One wrong plan for every code: what is wrong, where it points, and what it says. `rules.test.ts` runs them,
 * `codes.test.ts` proves that none is missing.
 */
import type { ValidateOptions } from '../../lib/validate/validate.js';
import { EXPRESSION_CASES } from './cases-expression.js';
import { FLOW_CASES } from './cases-flow.js';
import { GRAPH_CASES } from './cases-graph.js';
import { READING_CASES } from './cases-reading.js';
import { RING_CASES } from './cases-ring.js';
import { SET_FIELD_CASES } from './cases-set-field.js';
import { SHAPE_CASES } from './cases-shape.js';

export interface Case {
  /** The end of the sentence "points at …, because …". */
  readonly because: string;
  readonly code: string;
  readonly path: string;
  /** What the text says at the line and column of the finding, from there on. */
  readonly marks?: string;
  /** The whole message. */
  readonly message: string;
  readonly hint?: string;
  readonly received?: unknown;
  /** Text, or a JavaScript value. */
  readonly plan: unknown;
  readonly options?: ValidateOptions;
}

export const CASES: readonly Case[] = [
  ...READING_CASES,
  ...SHAPE_CASES,
  ...RING_CASES,
  ...GRAPH_CASES,
  ...FLOW_CASES,
  ...SET_FIELD_CASES,
  ...EXPRESSION_CASES,
];
