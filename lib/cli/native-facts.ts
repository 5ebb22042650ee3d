/** What the addon reports, or why it cannot be loaded: for verbs that have something to say either way. */
import { type Capabilities, capabilities } from '../runtime/machine.js';
import { nativeAddon } from '../runtime/native.js';

export type AskedAddon =
  | { readonly loaded: true; readonly facts: Capabilities }
  | { readonly loaded: false; readonly reason: string };

export function askAddon(): AskedAddon {
  try {
    return { loaded: true, facts: capabilities() };
  } catch (error) {
    return { loaded: false, reason: reasonWords(error) };
  }
}

/** Loads the addon, which reads nothing of the machine; why that is not possible, or undefined. */
export function loadProblem(): string | undefined {
  try {
    nativeAddon();
    return undefined;
  } catch (error) {
    return reasonWords(error);
  }
}

/** What the loader said: the error around it gives advice that its readers give in their own way. */
function reasonWords(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
}
