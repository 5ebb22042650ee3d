/** One finding about a plan. The codes: docs/diagnostics.md. */
export interface Diagnostic {
  /** Stable code, documented one by one and explained by `byteor explain CODE`. */
  readonly code: string;
  /** A plan with an error is refused; a warning leaves it as it is. */
  readonly severity: 'error' | 'warning';
  /** JSON pointer into the authored document (`""` is the document itself). */
  readonly path: string;
  /** Name of the plan's file, when it was given with the text. */
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
  /** Other places that the finding is about. */
  readonly related?: readonly {
    /** JSON pointer into the document. */
    readonly path: string;
    /** What that place has to do with it. */
    readonly message: string;
    /** 1-based, when the plan came from text. */
    readonly line?: number;
    /** 1-based, in UTF-16 code units, when the plan came from text. */
    readonly column?: number;
  }[];
}
