/**
 * From a plan's path to a checked plan, as every verb that needs one does it: read, validate, and print what is wrong.
 * Needs no addon. Main thread.
 */
import type { Diagnostic } from '../plan/diagnostic.js';
import type { CheckedPlan } from '../plan/document.js';
import { type Validation, validateText } from '../validate/validate.js';
import { diagnosticsText, type Sources } from './diagnostic-text.js';
import { readPlanText } from './plan-file.js';
import { RELEASE_FEATURES } from './release.js';
import type { Channel, Terminal } from './terminal.js';

export interface ReadPlan {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly validation: Validation;
}

/** @throws CliError (wrong usage) when the plan cannot be read; a plan with errors is an answer */
export async function readPlan(path: string, terminal: Terminal): Promise<ReadPlan> {
  const { file, bytes } = await readPlanText(path, terminal);
  return { file, bytes, validation: validateText(bytes, { file, features: RELEASE_FEATURES }) };
}

export function printDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources, channel: Channel): void {
  if (diagnostics.length === 0) return;
  channel.line(
    diagnosticsText(diagnostics, sources, {
      colors: channel.colors,
      columns: channel.isTty ? channel.columns : undefined,
    }),
  );
}

/**
 * The checked plan, or undefined when it has errors. Diagnostics, warnings too, have then been printed to standard
 * error; with `json`, errors also to standard output, as `validate --json` prints them.
 * @throws CliError (wrong usage) when the plan cannot be read
 */
export async function loadPlan(path: string, json: boolean, terminal: Terminal): Promise<CheckedPlan | undefined> {
  const { file, bytes, validation } = await readPlan(path, terminal);
  printDiagnostics(validation.diagnostics, new Map([[file, bytes]]), terminal.err);
  if (validation.ok) return validation.plan;
  if (json) terminal.out.json(validation);
  return undefined;
}
