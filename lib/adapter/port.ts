/** Ports that are sound, in their two forms: `{ lines: PATH }` and `{ adapter: 'lines', path: PATH }`. Pure; any thread. */
import type { Adapter, ConfigValue } from './adapter.js';
import { findAdapter, findShort, type Port } from './registry.js';

/** The target of a file adapter that is no file: standard input or standard output. */
export const STANDARD_STREAM = '-';

/** A configuration as it was given: values are judged by `checkPort`. */
export type GivenConfig = Readonly<Record<string, unknown>>;

/** The adapter of a port, and its configuration by the adapter's own keys; undefined for `js`, `discard` and what names none. */
export function flatOf(port: unknown): { readonly adapter: Adapter; readonly config: GivenConfig } | undefined {
  if (typeof port !== 'object' || port === null) return undefined;
  const { adapter: name, ...config } = port as GivenConfig;
  const long = findAdapter(name);
  if (long !== undefined) return { adapter: long, config };
  const adapter = findShort(config);
  if (adapter === undefined) return undefined;
  const { [adapter.name]: target, ...others } = config;
  return { adapter, config: { [adapter.target]: target, ...others } };
}

/** A port of an adapter: in its short form where it has one, which every version of byteor knows that has the adapter. */
export function portOf({ name, target, short }: Adapter, config: GivenConfig): Port {
  const { [target]: value, ...others } = config;
  return (short ? { [name]: value, ...others } : { adapter: name, ...config }) as Port;
}

/** The file that a port reads or writes, `-` for a standard stream; undefined for whatever is no file. */
export function fileTarget(port: unknown): string | undefined {
  const flat = flatOf(port);
  return flat?.adapter.file === true ? (flat.config[flat.adapter.target] as string) : undefined;
}

/** The same with another target. */
export function withTarget(port: Port, target: ConfigValue): Port {
  const flat = flatOf(port);
  return flat === undefined ? port : portOf(flat.adapter, { ...flat.config, [flat.adapter.target]: target });
}
