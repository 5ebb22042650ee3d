/**
 * What an evaluation may take at most, from the tree and the stated maximum of a record: steps, values and bytes of scratch. Coarse
 * and never too small within the caps; an evaluation that needs more than a cap is an error of its record. Pure; any thread.
 */
import { EXPR_SCRATCH_BYTES_MAX, EXPR_STEPS_MAX } from '../abi/expression.js';
import type { ProgramBounds } from './program.js';
import { childrenOf, type Expr } from './tree.js';
import { CelMap } from './values.js';

/** Values of 16 bytes: 4 MiB at most for what an expression makes while it runs. */
const SCRATCH_VALUES_MAX = 262_144;
/** Bytes of texts, unless one record is larger. */
const SCRATCH_BYTES_MAX = 1_048_576;
/** Instructions that a node takes at most besides those of the nodes below it. */
const STEPS_A_NODE = 8;
/** Bytes of text, or entries of the index of a record, that are a step. */
const BYTES_A_STEP = 64;
/** Bytes of the text of a number, a time or a type. */
const SHORT_TEXT = 64;

class Estimate {
  steps = 1;
  values = 0;
  bytes = 0;

  constructor(readonly recordBytes: number) {}

  /** Elements of a list or a map; of the record, one needs two bytes of text. */
  #elements(expr: Expr): number {
    if (expr.kind === 'literal') {
      if (expr.value instanceof CelMap) return expr.value.entries.length;
      return Array.isArray(expr.value) ? expr.value.length : 1;
    }
    if (expr.kind === 'list' || expr.kind === 'map') return expr.entries.length;
    if (expr.kind === 'loop') return this.#elements(expr.over);
    return Math.max(1, Math.ceil(this.recordBytes / 2));
  }

  /** Bytes of the text that a node gives. */
  #width(expr: Expr): number {
    if (expr.kind === 'literal') return typeof expr.value === 'string' ? expr.value.length * 3 : SHORT_TEXT;
    if (expr.kind === 'binary') return this.#width(expr.left) + this.#width(expr.right);
    if (expr.kind === 'call') return expr.args.reduce((sum, arg) => sum + this.#width(arg), SHORT_TEXT) * 2;
    if (expr.kind === 'choose') return this.#width(expr.ifTrue) + this.#width(expr.ifFalse);
    return Math.max(SHORT_TEXT, this.recordBytes);
  }

  add(expr: Expr, times: number): void {
    this.steps += (STEPS_A_NODE + Math.ceil(this.recordBytes / BYTES_A_STEP)) * times;
    switch (expr.kind) {
      case 'loop': {
        const inside = times * this.#elements(expr.over);
        this.add(expr.over, times);
        if (expr.filter !== undefined) this.add(expr.filter, inside);
        this.add(expr.body, inside);
        this.values += inside * 4;
        return;
      }
      case 'list':
      case 'map':
        this.values += (expr.entries.length * 4 + 2) * times;
        break;
      case 'select':
      case 'index':
      case 'optMap':
        this.values += 2 * times;
        break;
      case 'binary':
        if (expr.op === '+') {
          this.bytes += this.#width(expr) * times;
          if (!/^(int|uint|double|string|bytes)$/.test(expr.type))
            this.values += (this.#elements(expr.left) + this.#elements(expr.right)) * times;
        }
        if (expr.op === '==' || expr.op === '!=' || expr.op === 'in') this.steps += this.#elements(expr.right) * times;
        break;
      case 'call':
        this.bytes += this.#width(expr) * times;
        this.values += (expr.fn.startsWith('Split') ? Math.max(64, this.recordBytes) : 2) * times;
        break;
    }
    for (const child of childrenOf(expr)) this.add(child, times);
  }
}

/** @param recordBytes the most that a record may have */
export function boundsOf(trees: readonly Expr[], recordBytes: number): ProgramBounds {
  // Entries run one after the other, and each begins with empty scratch.
  const each = trees.map((tree) => {
    const estimate = new Estimate(recordBytes);
    estimate.add(tree, 1);
    return estimate;
  });
  const most = (of: (estimate: Estimate) => number, cap: number): number =>
    Math.min(cap, Math.ceil(Math.max(0, ...each.map(of))));
  return {
    steps: most((estimate) => estimate.steps, EXPR_STEPS_MAX),
    scratchValues: most((estimate) => estimate.values, SCRATCH_VALUES_MAX),
    scratchBytes: most(
      (estimate) => estimate.bytes,
      Math.min(EXPR_SCRATCH_BYTES_MAX, Math.max(SCRATCH_BYTES_MAX, 4 * recordBytes)),
    ),
  };
}
