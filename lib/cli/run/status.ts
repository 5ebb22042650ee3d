/** What `pipeline.status()` tells, as far as the command line reads it. The core writes it: native/run. */

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

/** Requests of the profile, and pins, that were not granted: each as a sentence. */
export function refusedRequests({ threads, requests }: RunStatus): string[] {
  const refused = ({ state }: Outcome) => state === 'Degraded' || state === 'Failed';
  const words = (what: string, { state, reason }: Outcome) =>
    `${what}: ${state}${reason === undefined ? '' : ` (${reason})`}`;
  return [
    ...requests.filter(({ outcome }) => refused(outcome)).map(({ request, outcome }) => words(request, outcome)),
    ...threads.filter(({ pin }) => refused(pin)).map(({ name, pin }) => words(`pin of ${name}`, pin)),
  ];
}

/** Every request has been answered: the threads have started and asked. */
export const answered = ({ threads, requests }: RunStatus): boolean =>
  [...threads.map(({ pin }) => pin), ...requests.map(({ outcome }) => outcome)].every(
    ({ state }) => state !== 'Requested',
  );
