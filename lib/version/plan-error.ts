import type { ErrorCode } from '../abi/error-codes.js';
import type { Diagnostic } from '../plan/diagnostic.js';

const HEAD_WORDS = { error: 'error', warning: 'warning' } as const;

/** Where a diagnostic points, as an editor or terminal links it: `plan.yaml:3:7`, else the JSON pointer. */
function place(diagnostic: Diagnostic): string {
  const { file, line, column, path } = diagnostic;
  const position = line === undefined ? '' : `${line}:${column ?? 1}`;
  const source = [file, position].filter((part) => part !== undefined && part !== '').join(':');
  const pointer = path === '' ? 'the plan' : path;
  return source === '' ? pointer : `${source} ${pointer}`;
}

function line(diagnostic: Diagnostic): string {
  const { severity, code, message, hint } = diagnostic;
  return `  ${place(diagnostic)}: ${HEAD_WORDS[severity]} ${code}: ${message}${hint === undefined ? '' : ` ${hint}`}`;
}

/** The plan has errors. `diagnostics` has all of them, and the warnings, in a stable order; the message lists them. */
export class PlanError extends Error {
  /** Name of the class. */
  override readonly name = 'PlanError';
  /** Stable word for the cause. */
  readonly code = 'PLAN_ERRORS' satisfies ErrorCode;
  /** Everything that is wrong with the plan, warnings too. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    const head = `the plan has ${errors === 1 ? '1 error' : `${errors} errors`}`;
    super([`${head}; nothing was compiled:`, ...diagnostics.map(line)].join('\n'));
    this.diagnostics = diagnostics;
  }
}
