/**
 * Macros over lists and maps as loops of Iterate and Next. A quantifier needs no list; what `map`, `filter` and their kin make is
 * collected in the scratch of the evaluation. Pure; any thread.
 */
import type { ExprOp } from './program.js';
import type { Expr } from './tree.js';
import type { CelValue } from './values.js';

/** What a macro needs of the lowering that it is part of (lower.ts, where the members are described). */
interface Lowering {
  take(count: number, place: Expr): number;
  emit(op: ExprOp, dst: number, a: number, b: number, place: Expr): number;
  land(jump: number): void;
  within(names: readonly string[], first: number, run: () => void): void;
  operand(expr: Expr): number;
  constant(value: CelValue): number;
  into(expr: Expr, dst: number): void;
}

type Loop = Expr & { readonly kind: 'loop' };

/** Lowers what runs for each element; `element` is the first register of its variables. */
type Body = (element: number) => void;

/** `over` walked with the variables of the macro; where it is no list or map, `dst` is the error and `after` is not run. */
function walk(lowering: Lowering, expr: Loop, dst: number, body: Body, after: () => void): void {
  const iterator = lowering.take(2, expr);
  lowering.into(expr.over, iterator);
  lowering.emit('Iterate', iterator, iterator, 0, expr.over);
  const test = lowering.take(1, expr);
  lowering.emit('IsError', test, iterator, 0, expr.over);
  const works = lowering.emit('JumpIfFalse', 0, test, 0, expr.over);
  lowering.emit('Move', dst, iterator, 0, expr.over);
  const failed = lowering.emit('Jump', 0, 0, 0, expr.over);
  lowering.land(works);
  const element = lowering.take(2, expr);
  const next = lowering.emit(expr.variables.length === 2 ? 'NextPair' : 'Next', element, iterator, 0, expr);
  lowering.within(expr.variables, element, () => body(element));
  lowering.emit('Jump', 0, 0, next, expr);
  lowering.land(next);
  after();
  lowering.land(failed);
}

function quantifier(lowering: Lowering, expr: Loop, dst: number): void {
  const isAll = expr.loop === 'all';
  lowering.emit('Constant', dst, lowering.constant(isAll), 0, expr);
  let stop = -1;
  walk(
    lowering,
    expr,
    dst,
    () => {
      const value = lowering.operand(expr.body);
      lowering.emit(isAll ? 'And' : 'Or', dst, dst, value, expr.body);
      stop = lowering.emit(isAll ? 'JumpIfFalse' : 'JumpIfTrue', 0, dst, 0, expr.body);
    },
    () => lowering.land(stop),
  );
}

/** Runs `then` where `test` is true; what is no bool stands in `dst`, and its jump is answered. */
function onlyIf(lowering: Lowering, test: Expr, dst: number, then: () => void): number {
  const value = lowering.operand(test);
  const noBool = lowering.emit('JumpUnlessBool', dst, value, 0, test);
  const isFalse = lowering.emit('JumpIfFalse', 0, value, 0, test);
  then();
  lowering.land(isFalse);
  return noBool;
}

function existsOne(lowering: Lowering, expr: Loop, dst: number): void {
  const count = lowering.take(2, expr);
  lowering.emit('Constant', count, lowering.constant(0n), 0, expr);
  lowering.emit('Constant', count + 1, lowering.constant(1n), 0, expr);
  let noBool = -1;
  walk(
    lowering,
    expr,
    dst,
    () => {
      noBool = onlyIf(lowering, expr.body, dst, () => lowering.emit('Add', count, count, count + 1, expr));
    },
    () => lowering.emit('EqualConstant', dst, count, lowering.constant(1n), expr),
  );
  lowering.land(noBool);
}

/** The pairs of the map that the body of `transformMapEntry` makes, each a pair of the result. */
function appendEntries(lowering: Lowering, expr: Loop, map: number): void {
  const { body } = expr;
  const iterator = lowering.take(2, body);
  lowering.into(body, iterator);
  lowering.emit('Iterate', iterator, iterator, 0, body);
  const test = lowering.take(1, body);
  lowering.emit('IsError', test, iterator, 0, body);
  const works = lowering.emit('JumpIfFalse', 0, test, 0, body);
  lowering.emit('AppendPair', map, iterator, iterator, body);
  const failed = lowering.emit('Jump', 0, 0, 0, body);
  lowering.land(works);
  const pair = lowering.take(2, body);
  const next = lowering.emit('NextPair', pair, iterator, 0, body);
  lowering.emit('AppendPair', map, pair, pair + 1, body);
  lowering.emit('Jump', 0, 0, next, body);
  lowering.land(next);
  lowering.land(failed);
}

/** What one element adds to the list or the map under construction. */
function append(lowering: Lowering, expr: Loop, made: number, element: number): void {
  if (expr.loop === 'filter') lowering.emit('Append', made, element, 0, expr);
  else if (expr.loop === 'map') lowering.emit('Append', made, lowering.operand(expr.body), 0, expr.body);
  else if (expr.loop === 'transformMap')
    lowering.emit('AppendPair', made, element, lowering.operand(expr.body), expr.body);
  else appendEntries(lowering, expr, made);
}

function collect(lowering: Lowering, expr: Loop, dst: number): void {
  const made = lowering.take(2, expr);
  lowering.emit('Collect', made, 0, 0, expr);
  const test = expr.loop === 'filter' ? expr.body : expr.filter;
  const isMap = expr.loop === 'transformMap' || expr.loop === 'transformMapEntry';
  let noBool = -1;
  walk(
    lowering,
    expr,
    dst,
    (element) => {
      const add = (): void => append(lowering, expr, made, element);
      if (test === undefined) add();
      else noBool = onlyIf(lowering, test, dst, add);
    },
    () => lowering.emit(isMap ? 'CollectedMap' : 'Collected', dst, made, 0, expr),
  );
  lowering.land(noBool);
}

/** Lowers a macro; its value or its error stands in `dst`. */
export function lowerLoop(lowering: Lowering, expr: Loop, dst: number): void {
  if (expr.loop === 'all' || expr.loop === 'exists') quantifier(lowering, expr, dst);
  else if (expr.loop === 'existsOne') existsOne(lowering, expr, dst);
  else collect(lowering, expr, dst);
}
