/** Codes about the text or the JavaScript value that a plan is read from. Part of the table in `codes.ts`. */
import { DIAGNOSTICS_MAX, PLAN_DEPTH_MAX, PLAN_TEXT_MAX, PLAN_TOKENS_MAX, PLAN_VALUES_MAX } from '../plan/limits.js';

const error = 'error' as const;

export const READING_CODES = {
  PLAN_SYNTAX: {
    severity: error,
    title: 'The text is neither JSON nor YAML',
    meaning:
      'The parser could not make sense of the text here. All syntax errors are listed; rules about plans are not checked before there are none.',
    example: 'stages: [{ id: parse, op: identity }\nname: x',
    remedy: 'Correct the text at the position given; often a bracket or a quote is missing before it.',
  },
  PLAN_EMPTY: {
    severity: error,
    title: 'The text holds no plan',
    meaning: 'There is nothing in the text but blanks and comments.',
    example: '# a plan will stand here',
    remedy: 'Write the plan, or name another file.',
  },
  PLAN_NOT_TEXT: {
    severity: error,
    title: 'The file is not text',
    meaning:
      'A plan is UTF-8 text without control characters except tab and line ends. NUL bytes or broken UTF-8 mean that this is another kind of file.',
    example: 'name: "x\\0"   # with a real NUL byte in the file',
    remedy: 'Name the plan file, or save it as UTF-8.',
  },
  PLAN_TOO_LARGE: {
    severity: error,
    title: 'The plan is too large',
    meaning: `A plan text has at most ${PLAN_TEXT_MAX} characters and ${PLAN_TOKENS_MAX} tokens, and a plan at most ${PLAN_VALUES_MAX} values, with aliases counted at each use. A plan at all its other limits stays below that.`,
    example: '# a data file given in place of a plan',
    remedy: 'Check that the file is the plan and not the data; do not let aliases multiply each other.',
  },
  PLAN_TOO_DEEP: {
    severity: error,
    title: 'Lists and maps nest too deep',
    meaning: `Lists and maps stand at most ${PLAN_DEPTH_MAX} deep in each other.`,
    example:
      'config: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]',
    remedy: "Make the configuration of your op flatter; a plan's own fields never come near this bound.",
  },
  PLAN_SEVERAL_DOCUMENTS: {
    severity: error,
    title: 'The text holds several documents',
    meaning: 'YAML can hold several documents in one text, divided by `---`. A file holds one plan.',
    example: 'name: one\n---\nname: two',
    remedy: 'Put each plan in a file of its own.',
  },
  PLAN_TAG: {
    severity: error,
    title: 'A YAML tag that a plan cannot have',
    meaning:
      'A plan is plain data: text, numbers, true, false, null, lists and maps. Tags for other types are refused.',
    example: 'name: !secret x',
    remedy: 'Remove the tag and write the value itself.',
  },
  PLAN_ALIAS: {
    severity: error,
    title: 'An alias without an anchor',
    meaning: 'An alias (`*name`) repeats a value that an anchor (`&name`) has marked before it in the text.',
    example: 'lane: *events',
    remedy: 'Mark the value with the anchor where it first stands, or write it out.',
  },
  PLAN_CYCLE: {
    severity: error,
    title: 'A value that holds itself',
    meaning:
      'A list or map contains itself, through an alias in YAML or a reference in JavaScript. Such data has no JSON form.',
    example: 'config: &c\n  inner: *c',
    remedy: 'Write the inner value out, or leave it out.',
  },
  PLAN_KEY_DUPLICATE: {
    severity: error,
    title: 'A key stands twice in one map',
    meaning:
      'Which of the two values is meant is unknown, so neither is preferred silently. The rest of the plan is checked with the first one.',
    example: 'single_ring:\n  shards: 1\n  shards: 4',
    remedy: 'Keep one of the two.',
  },
  PLAN_KEY_FORBIDDEN: {
    severity: error,
    title: 'A key named __proto__',
    meaning: 'JavaScript gives this key a meaning of its own, so no map of a plan may have it.',
    example: 'config: { __proto__: {} }',
    remedy: 'Use another name.',
  },
  PLAN_NUMBER: {
    severity: error,
    title: 'A number that would not be kept exactly',
    meaning:
      'NaN and the infinities have no JSON form. A whole number must be one that a double holds exactly; any other must have no more digits than its double is written with (`0.1`, `1.50` and `15e-1` are fine, `1.00000000000000011` would be read as 1). Nothing is rounded silently.',
    example: 'config: { limit: 123456789012345678901 }',
    remedy: 'Write the number as text if your op reads it as text; otherwise use one that a double can hold.',
  },
  PLAN_UNICODE: {
    severity: error,
    title: 'Text with half of a surrogate pair',
    meaning: 'The text has no UTF-8 form: it would come out as other bytes than it says.',
    example: 'config: { text: "\\ud83d" }',
    remedy: 'Write the whole character, for example as itself in UTF-8.',
  },
  PLAN_NOT_JSON: {
    severity: error,
    title: 'A JavaScript value that is not JSON data',
    meaning:
      'A plan given as an object holds text, finite numbers, booleans, null, lists and plain objects. Functions, symbols, BigInts, class instances, getters and lists with holes are refused, not converted.',
    example: '# in JavaScript: { config: { since: new Date() } }',
    remedy: 'Convert the value yourself, for example with `toISOString()`.',
  },
  DIAGNOSTICS_CUT: {
    severity: error,
    title: 'More findings than are listed',
    meaning: `A report lists the first ${DIAGNOSTICS_MAX} findings in document order and states how many more there are. It is a warning if all that are not listed are warnings.`,
    example: '# a plan with thousands of errors',
    remedy: 'Correct what is listed and validate again.',
  },
};
