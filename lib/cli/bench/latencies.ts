/**
 * Latencies of both sides under a load that is the same for both, between handles of the plan (lib/bench/latency.ts). Main thread.
 */
import { type Load, type LoadedLap, type LoadedLatencies, runLoaded } from '../../bench/latency.js';
import { type Contestant, lapOf, type Pair, type Side as PairSide } from '../../bench/pairs.js';
import { type Ends, fileOf } from '../adapters.js';
import type { LoadedAnswer } from './lap.js';
import { type LapProcess, startLaps } from './lap-process.js';
import { INPUT_ORDER, mayDrop, orderAt } from './order.js';
import { refusal, type Side, type SideName, writeLoadRequest } from './sides.js';

/** Why there are none, for the reader of the result. */
export interface NoLatencies {
  readonly remark: string;
}

export interface LatencyOptions {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly progress: (samples: readonly Pair<LoadedLap>[]) => void;
}

type Both<Value> = Readonly<Record<SideName, Value>>;

const FLOOD_COUNT = 50_000;
const LAP_SECONDS = 0.025;

export async function measureLatencies(
  sides: Both<Side>,
  ends: Ends,
  options: LatencyOptions,
): Promise<LoadedLatencies | NoLatencies> {
  const [fed = ''] = sides.plan.version.plan.boundaries.flatMap(({ id, kind }) => (kind === 'ingress' ? id : []));
  const input = fileOf(ends.ports[fed]);
  const remark = whyNone(sides);
  if (remark !== undefined) return { remark };
  if (input === undefined) return { remark: `no latencies: the ingress "${fed}" reads no file` };
  try {
    const start = (name: SideName, load: Load): LapProcess<LoadedAnswer> => {
      const side = sides[name];
      const ids = (kind: string) => side.version.plan.boundaries.flatMap((one) => (one.kind === kind ? one.id : []));
      const [ingress = ''] = ids('ingress');
      const request = writeLoadRequest(side, options.folder, name === 'plan' ? 'load-b' : 'load-a', {
        ingress,
        egresses: ids('egress'),
        input,
        ...load,
      });
      return startLaps<LoadedAnswer>(name, request, 1, options.signal);
    };
    return await underLoad(sides, start, options);
  } catch (error) {
    if (error instanceof CannotLoad) return { remark: `no latencies: ${error.message}` };
    throw error;
  }
}

class CannotLoad extends Error {}

/** Only where the k-th record out is known to be a certain record in. */
function whyNone(sides: Both<Side>): string | undefined {
  for (const { version } of Object.values(sides)) {
    const { boundaries } = version.plan;
    if (boundaries.filter(({ kind }) => kind === 'ingress').length > 1)
      return 'no latencies: the plan has several ingresses, and which load each of them gets is not said';
    if (mayDrop(version.plan)) return 'no latencies: lanes that drop lose other records each time';
    const mixed = boundaries.find(({ id, kind }) => kind === 'egress' && orderAt(version.plan, id) !== INPUT_ORDER);
    if (mixed !== undefined)
      return `no latencies: records come out at "${mixed.id}" in no order that is promised, so they cannot be told apart`;
  }
  return undefined;
}

async function underLoad(
  sides: Both<Side>,
  start: (name: SideName, load: Load) => LapProcess<LoadedAnswer>,
  { seconds, progress }: LatencyOptions,
): Promise<LoadedLatencies> {
  const contestant = async (side: PairSide, load: Load): Promise<Contestant<LoadedLap>> => {
    const name = side === 'a' ? 'against' : 'plan';
    const process = start(name, load);
    return { lap: async () => loadedLap(sides[name], await process.lap()), end: () => process.end() };
  };
  return await runLoaded(contestant, { seconds, progress, floodCount: FLOOD_COUNT, lapSeconds: LAP_SECONDS });
}

function loadedLap(side: Side, answer: LoadedAnswer): LoadedLap {
  if ('refused' in answer) throw refusal(side, answer);
  if ('unmatched' in answer) throw new CannotLoad(answer.unmatched);
  const { latencies, records, seconds } = answer.loaded;
  // The main thread never rests in such a lap; its pipeline's threads share CPUs with it and with Node's own.
  return { ...lapOf({ seconds, distance_ns: null, status: { threads: [] } }), latencies, records };
}
