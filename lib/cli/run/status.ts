/** What `pipeline.status()` tells, as far as the command line reads it. The core writes it: native/run. */

import { counted } from '../text.js';

export interface Outcome {
  readonly state: 'Requested' | 'NotAsked' | 'Applied' | 'Degraded' | 'Failed';
  /** A sentence with a remedy; absent where there is nothing to say. */
  readonly reason?: string;
}

export interface ThreadStatus {
  readonly name: string;
  /** Ids of stages and boundaries, once a shard. */
  readonly agents: readonly string[];
  readonly cpu: number | null;
  readonly pin: Outcome;
  /** CPU time, and time in which it was ready to run and had no CPU; null while it runs, or where the kernel does not say. */
  readonly cpu_seconds: number | null;
  readonly waited_seconds: number | null;
}

export interface AdapterStatus {
  /** Bytes of the file or stream, terminators included. */
  readonly bytes: number;
  readonly records: number;
  /** Bytes that lie ahead of the reader at its start, where that is known. */
  readonly input_bytes?: number | null;
  /** Records taken from the ring whose line is not whole in the file. */
  readonly unwritten?: number;
  /** Of a journal that is replayed: its folder, and the bytes at its end that hold no whole record. */
  readonly replay?: { readonly journal: string; readonly torn_bytes: number };
  /** The output's reader has gone away. */
  readonly reader_gone?: boolean;
}

export interface RunStatus {
  readonly threads: readonly ThreadStatus[];
  readonly requests: readonly { readonly request: string; readonly outcome: Outcome }[];
  /** LaneGraph: lane id → where its journal is, for the lanes that are one. */
  readonly sizes?: { readonly lanes?: Readonly<Record<string, { readonly journal?: string }>> };
  readonly region: { readonly bytes: number; readonly path: string };
  /** Boundary id → what its adapter has done. */
  readonly adapters: Readonly<Record<string, AdapterStatus>>;
}

export const readStatus = (pipeline: { status(): unknown }): RunStatus => pipeline.status() as RunStatus;

/** LaneGraph: Journal lane → the folder of its files. */
export const journalFolders = ({ sizes }: RunStatus): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(sizes?.lanes ?? {}).flatMap(([id, { journal }]) => (journal === undefined ? [] : [[id, journal]])),
  );

const isRefused = ({ state }: Outcome): boolean => state === 'Degraded' || state === 'Failed';

/** Requests of the profile, and pins, that were not granted: each as a sentence; those with one reason are one. */
export function refusedRequests({ threads, requests }: RunStatus): string[] {
  const asked = [
    ...requests.map(({ request, outcome }) => ({ what: request, outcome })),
    ...threads.map(({ name, pin }) => ({ what: `pin of ${name}`, outcome: pin })),
  ];
  const byReason = new Map<string, string[]>();
  for (const { what, outcome } of asked) {
    if (!isRefused(outcome)) continue;
    const words = `${outcome.state}${outcome.reason === undefined ? '' : ` (${outcome.reason})`}`;
    byReason.set(words, [...(byReason.get(words) ?? []), what]);
  }
  return [...byReason].map(([words, whats]) => `${whats.join(', ')}: ${words}`);
}

/** In one line what the machine did not grant; undefined where it granted all. */
export function refusedWords({ threads, requests }: RunStatus): string | undefined {
  const pins = threads.filter(({ pin }) => isRefused(pin)).length;
  const others = requests.filter(({ outcome }) => isRefused(outcome)).length;
  const words = [
    ...(pins > 0 ? [`${pins} of ${counted(threads.length, 'thread')} not pinned`] : []),
    ...(others > 0 ? [`${counted(others, 'request')} of the profile not granted`] : []),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

/** Every request has been answered: the threads have started and asked. */
export const answered = ({ threads, requests }: RunStatus): boolean =>
  [...threads.map(({ pin }) => pin), ...requests.map(({ outcome }) => outcome)].every(
    ({ state }) => state !== 'Requested',
  );
