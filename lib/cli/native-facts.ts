/** What the addon reports, or why it cannot be loaded. The only file of the command line that asks for it early. */
import { nativeAddon } from '../runtime/native.js';

/** `capabilities()` of native/addon/capabilities.cpp. */
export interface NativeFacts {
  readonly spec_layout_version: number;
  readonly region_layout_version: number;
  readonly cpus: {
    /** CPU numbers, ascending. */
    readonly allowed: readonly number[];
    readonly isolated: readonly number[];
    /** CPU seconds a second. */
    readonly share: number;
    /** Threads that may be busy all the time. */
    readonly threads: number;
    readonly quota: { readonly cpus: number; readonly group: string } | null;
  };
  readonly memory: {
    readonly limit_bytes: number;
    readonly used_bytes: number;
    readonly room_bytes: number;
    readonly group: string;
  } | null;
  readonly features: Readonly<Record<string, boolean>>;
  readonly targets: readonly string[];
}

export type AskedAddon =
  | { readonly loaded: true; readonly facts: NativeFacts }
  | { readonly loaded: false; readonly reason: string };

export function askAddon(): AskedAddon {
  try {
    return { loaded: true, facts: JSON.parse(nativeAddon().capabilities()) as NativeFacts };
  } catch (error) {
    return { loaded: false, reason: reasonWords(error) };
  }
}

/** The error's own sentence, and the loader's behind it. */
function reasonWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message.split('\n')[0]})` : '';
  return `${error.message}${cause}`;
}
