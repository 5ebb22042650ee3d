/**
 * The plan that a verb was given: a file or, as `-`, standard input. Reads no more than a plan may have, so that pointing
 * it at the data instead of the plan costs nothing; what cannot be read is wrong usage, what can be read is for
 * validation to judge. Main thread.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { PLAN_TEXT_MAX } from '../plan/limits.js';
import { CliError, ExitCode, usageError } from './exit-code.js';
import { systemWords } from './system-words.js';
import { needStream, type Terminal } from './terminal.js';

/** How the document of standard input is called in diagnostics. */
export const STDIN_NAME = '<stdin>';

export interface PlanText {
  /** As diagnostics name it. */
  readonly file: string;
  /** UTF-8, unchecked; cut one byte behind the most that a plan may have. */
  readonly bytes: Uint8Array;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path.',
  EISDIR: 'Name the file itself.',
  EACCES: 'Make it readable (chmod), or copy it to a folder that you can read.',
};

/** @throws CliError (wrong usage) when it cannot be read */
export async function readPlanText(path: string, terminal: Terminal): Promise<PlanText> {
  if (path === '') throw usageError('The path of the plan is empty.', 'Name a file, or `-` for standard input.');
  if (path === '-') return { file: STDIN_NAME, bytes: await readStandardInput(terminal) };
  return readFileText(path, 'plan', { ENOENT: 'Check the path; `-` reads the plan from standard input.' });
}

/**
 * A file of the size that a plan may have.
 * @param what how messages call it
 * @param remedies by the system's code, where there is more to say than of any file
 * @throws CliError (wrong usage) when it cannot be read
 */
export function readFileText(path: string, what: string, remedies: Readonly<Record<string, string>> = {}): PlanText {
  try {
    return { file: path, bytes: readFile(path) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const message = `Cannot read the ${what} ${JSON.stringify(path)}: ${systemWords(error)}.`;
    throw new CliError(ExitCode.Usage, message, remedies[code] ?? REMEDIES[code], { cause: error });
  }
}

/** Nothing else runs before there is a plan, so nothing waits while this does; and promises of files cost a thread. */
function readFile(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(PLAN_TEXT_MAX + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

let standardInputTaken = false;

async function readStandardInput(terminal: Terminal): Promise<Uint8Array> {
  if (standardInputTaken) throw usageError('Standard input was named twice.', 'Only one plan can come from it.');
  needStream(0);
  standardInputTaken = true;
  if (process.stdin.isTTY) terminal.err.line('Reading the plan from the terminal; Ctrl-D ends it.');
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > PLAN_TEXT_MAX) break;
    }
  } catch (error) {
    throw new CliError(ExitCode.Usage, `Cannot read standard input: ${systemWords(error)}.`, undefined, {
      cause: error,
    });
  }
  return Buffer.concat(chunks).subarray(0, PLAN_TEXT_MAX + 1);
}
