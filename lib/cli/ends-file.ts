/**
 * The file of `--ends`: JSON or YAML, a map from boundary id to its end, as `ports` of `open` takes them:
 *
 *   in: { adapter: lines, path: access.log }
 *   out: discard
 *
 * Read as plans are, with the position of every key. What an end is, adapters.ts checks. Main thread.
 */
import { parsePlan } from '../plan/parse.js';
import { under } from '../plan/pointer.js';
import { typeName } from '../plan/words.js';
import { usageError } from './exit-code.js';
import { readFileText } from './plan-file.js';

export interface EndsFile {
  /** Boundary id → its end, as it stands there. */
  readonly ports: Readonly<Record<string, unknown>>;
  /** `ends.yaml:3:5`: of a boundary, or of a key of its end; of the boundary where it has no such key. */
  readonly placeOf: (id: string, key?: string) => string;
}

/** What the reader of plans says of a text that is no plan, where it says "plan". */
const WORDS: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  PLAN_EMPTY: ['The file holds no ends, only blanks or comments.', 'Write one a line, like `in: { lines: a.log }`.'],
  PLAN_NOT_TEXT: ['The file is not text in UTF-8.', 'Is this the file with the ends?'],
  PLAN_SEVERAL_DOCUMENTS: ['The file holds more than one document.', 'Put each into a file of its own.'],
  PLAN_TAG: ['The file has a tag, which ends cannot have.', 'Remove it; ends are plain data.'],
  PLAN_TOO_LARGE: ['The file is too large for a file with ends.', 'Is this the file with the ends, or the data?'],
};

/** @throws CliError (wrong usage) when it cannot be read, or is no map */
export function readEndsFile(path: string): EndsFile {
  if (path === '' || path === '-')
    throw usageError(`--ends is ${JSON.stringify(path)}, which is no file.`, 'Name a JSON or YAML file.');
  const { bytes } = readFileText(path, 'ends');
  const parsed = parsePlan(bytes, { file: path });
  const [finding] = parsed.findings;
  if (finding !== undefined) {
    const at = finding.at ?? parsed.locate(finding.path, finding.atKey === true ? 'key' : 'value');
    const hint = typeof finding.hint === 'function' ? finding.hint() : finding.hint;
    const [message, remedy] = WORDS[finding.code] ?? [finding.message, hint];
    throw usageError(`${placed(path, at)}: ${message}`, remedy);
  }
  const { document } = parsed;
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw usageError(
      `${placed(path, parsed.locate('', 'value'))}: The file holds ${typeName(document)}, not a map.`,
      'Write one end a line, like `in: { lines: a.log }`.',
    );
  return {
    ports: document as Readonly<Record<string, unknown>>,
    placeOf: (id, key) =>
      placed(
        path,
        parsed.locate(key === undefined ? under('', id) : under('', id, key), key === undefined ? 'key' : 'value'),
      ),
  };
}

const placed = (path: string, at: { readonly line: number; readonly column: number } | undefined): string =>
  at === undefined ? path : `${path}:${at.line}:${at.column}`;
