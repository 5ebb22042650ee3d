/**
 * An expression after parsing and checking: what the passes and the lowering work on. It knows nothing of the library that has
 * parsed it; macros are nodes of their own, names are resolved. Pure; any thread.
 */
import type { exprFunctions } from '../abi/expression.js';
import type { CelValue } from './values.js';

export type ExprFunction = keyof typeof exprFunctions;

export type BinaryOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | 'in';

/** The macros over a list or a map; those of two variables give index and element, or key and value. */
export type LoopKind = 'all' | 'exists' | 'existsOne' | 'map' | 'filter' | 'transformMap' | 'transformMapEntry';

/** Where a node stands in the text, in UTF-16 units, and its type: CEL's name, `dyn` where it is not known. */
export interface Placed {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

type Of<Kind extends string, Rest> = Placed & { readonly kind: Kind } & Readonly<Rest>;

export interface ListEntry {
  readonly value: Expr;
  readonly optional: boolean;
}

export interface MapEntry extends ListEntry {
  readonly key: Expr;
}

export type Expr =
  | Of<'literal', { value: CelValue }>
  /** A variable of a macro or of `cel.bind`. */
  | Of<'local', { name: string }>
  /** The record itself. */
  | Of<'record', unknown>
  /** `of.name`, `of.?name`, `of["name"]`. `chained`: `of` is an optional, and so is the result. */
  | Of<'select', { of: Expr; name: string; optional: boolean; chained: boolean }>
  | Of<'index', { of: Expr; key: Expr; optional: boolean; chained: boolean }>
  | Of<'has', { of: Expr; name: string; chained: boolean }>
  | Of<'call', { fn: ExprFunction; args: readonly Expr[] }>
  /** `dyn(of)`: the value as it is, of a type that is not known. */
  | Of<'dyn', { of: Expr }>
  /** `place`: of the pattern's characters in the text, between its quotes. */
  | Of<'matches', { of: Expr; pattern: string; place: { readonly start: number; readonly end: number } }>
  | Of<'not', { of: Expr }>
  | Of<'negate', { of: Expr }>
  | Of<'binary', { op: BinaryOperator; left: Expr; right: Expr }>
  | Of<'and', { left: Expr; right: Expr }>
  | Of<'or', { left: Expr; right: Expr }>
  | Of<'choose', { test: Expr; ifTrue: Expr; ifFalse: Expr }>
  | Of<'list', { entries: readonly ListEntry[] }>
  | Of<'map', { entries: readonly MapEntry[] }>
  | Of<'loop', { loop: LoopKind; over: Expr; variables: readonly string[]; filter: Expr | undefined; body: Expr }>
  | Of<'bind', { name: string; value: Expr; body: Expr }>
  /** `of.optMap(name, body)`; `flat`: the body gives an optional. */
  | Of<'optMap', { of: Expr; name: string; body: Expr; flat: boolean }>
  /** `left.or(right)`; `value`: `left.orValue(right)`. */
  | Of<'orElse', { left: Expr; right: Expr; value: boolean }>
  /** What an unchecked expression says that is not known: an error when it is reached. */
  | Of<'failure', unknown>;

/** The nodes directly below. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'local':
    case 'record':
    case 'failure':
      return [];
    case 'index':
      return [expr.of, expr.key];
    case 'call':
      return expr.args;
    case 'binary':
    case 'and':
    case 'or':
    case 'orElse':
      return [expr.left, expr.right];
    case 'choose':
      return [expr.test, expr.ifTrue, expr.ifFalse];
    case 'list':
      return expr.entries.map((entry) => entry.value);
    case 'map':
      return expr.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'loop':
      return [expr.over, ...(expr.filter === undefined ? [] : [expr.filter]), expr.body];
    case 'bind':
      return [expr.value, expr.body];
    case 'optMap':
      return [expr.of, expr.body];
    default:
      return [expr.of];
  }
}

/** The names on the way from the record to a member, or undefined for anything else. */
export function memberPath(expr: Expr): readonly string[] | undefined {
  if (expr.kind === 'record') return [];
  if (expr.kind !== 'select' || expr.chained) return undefined;
  const before = memberPath(expr.of);
  return before === undefined ? undefined : [...before, expr.name];
}
