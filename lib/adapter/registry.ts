/**
 * The adapters: the one table in lib/ that names them. native/adapter/registry.cpp has the same rows; a test compares
 * them. Pure; any thread.
 */
import type { Adapter, Side } from './adapter.js';
import { lines } from './lines/lines.js';
import { replay } from './replay/replay.js';

const TABLE = [lines, replay] as const;

/** Every adapter, in the order in which they are listed. */
export const ADAPTERS: readonly Adapter[] = TABLE;

type PortOf<Row, At extends Side> =
  Row extends Adapter<infer Ports> ? (At extends keyof Ports ? Ports[At] : never) : never;

/** The ports of all adapters at a side: `LinesIngress`, `ReplayIngress`, … and their short forms. */
export type AdapterPort<At extends Side> = PortOf<(typeof TABLE)[number], At>;

/** Who runs an ingress: a handle of this process, or an adapter. */
export type IngressPort = 'js' | AdapterPort<'ingress'>;

/** Who runs an egress: a handle of this process, an adapter, or nothing, which counts the records. */
export type EgressPort = 'js' | 'discard' | AdapterPort<'egress'>;

/** Who runs a boundary. */
export type Port = IngressPort | EgressPort;

export const findAdapter = (name: unknown): Adapter | undefined => ADAPTERS.find((adapter) => adapter.name === name);

/** The adapter whose short form that is. */
export const findShort = (port: object): Adapter | undefined =>
  ADAPTERS.find(({ short, name }) => short && Object.hasOwn(port, name));

/** The adapters that a side has. */
export const adaptersAt = (side: Side): readonly Adapter[] => ADAPTERS.filter(({ sides }) => sides[side] !== undefined);
