/** One finding about a plan. The codes: docs/diagnostics.md. */
export interface Diagnostic {
  /** Stable code, documented one by one and explained by `byteor explain CODE`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** JSON pointer into the authored document (`""` is the document itself). */
  readonly path: string;
  readonly file?: string;
  /** 1-based, when the plan came from text. */
  readonly line?: number;
  /** 1-based, in UTF-16 code units, when the plan came from text. */
  readonly column?: number;
  /** A sentence with the user's own names in it. */
  readonly message: string;
  /** What stood there, as JSON-compatible data (shortened when long). */
  readonly received?: unknown;
  /** What to do. Present only where it applies. */
  readonly hint?: string;
  readonly related?: readonly {
    readonly path: string;
    readonly message: string;
    readonly line?: number;
    readonly column?: number;
  }[];
}
