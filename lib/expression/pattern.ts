/** A pattern of `matches` as tables, within bounds that are checked before memory or time is spent past them. Pure; any thread. */
import { EXPR_DFA_BYTES_MAX } from '../abi/expression.js';
import { buildDfa, type Dfa, RAW_STATES_MAX } from './pattern-dfa.js';
import { buildNfa } from './pattern-nfa.js';
import { type Pattern, PatternError, parsePattern } from './pattern-parse.js';
import { ExpressionError } from './source.js';

type Repeat = Pattern & { readonly kind: 'repeat' };

/** The repetition that most likely makes an automaton large: the one that counts furthest. */
function largestRepeat(pattern: Pattern): Repeat | undefined {
  const weight = ({ min, max }: Repeat): number => Math.max(min, max === Number.POSITIVE_INFINITY ? 0 : max);
  const inner = 'parts' in pattern ? pattern.parts : pattern.kind === 'repeat' ? [pattern.of] : [];
  return [...inner.map(largestRepeat), pattern.kind === 'repeat' ? pattern : undefined].reduce(
    (most, repeat) => (repeat !== undefined && (most === undefined || weight(repeat) > weight(most)) ? repeat : most),
    undefined,
  );
}

function compile(text: string): Dfa {
  const pattern = parsePattern(text);
  const dfa = buildDfa(buildNfa(pattern));
  const bytes = dfa === undefined ? Number.POSITIVE_INFINITY : dfa.states.byteLength;
  if (dfa !== undefined && bytes <= EXPR_DFA_BYTES_MAX) return dfa;
  const repeat = largestRepeat(pattern);
  throw new PatternError(
    `the automaton of the pattern is too large (over ${RAW_STATES_MAX} states or ${EXPR_DFA_BYTES_MAX} bytes); ` +
      'anchor it with ^ or $, or repeat less',
    repeat?.start ?? 0,
    repeat?.end ?? text.length,
  );
}

/**
 * @param place of the pattern's characters in the text; as long as the pattern where they stand there one to one
 * @throws ExpressionError with the place in the text of the expression
 */
export function compilePattern(pattern: string, place: { readonly start: number; readonly end: number }): Dfa {
  try {
    return compile(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const exact = place.end - place.start === pattern.length;
    const [start, end] = exact ? [place.start + error.start, place.start + error.end] : [place.start, place.end];
    throw new ExpressionError(error.message, start, end);
  }
}
