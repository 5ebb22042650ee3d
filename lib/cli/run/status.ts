/** What `pipeline.status()` tells, in the words of the command line. Pure; any thread. */

import type { AdapterStatus, PipelineStatus, RequestOutcome, SourceStatus } from '../../runtime/status.js';
import { counted } from '../text.js';

/** LaneGraph: Journal lane → the folder of its files. */
export const journalFolders = ({ sizes }: Pick<PipelineStatus, 'sizes'>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries('lanes' in sizes ? sizes.lanes : {}).flatMap(([id, { journal }]) =>
      journal === undefined ? [] : [[id, journal]],
    ),
  );

export const isSource = (adapter: AdapterStatus): adapter is SourceStatus => 'input_bytes' in adapter;

/** What was asked of the machine, and what it said. */
type Asked = Pick<PipelineStatus, 'threads' | 'requests'>;

const isRefused = ({ state }: RequestOutcome): boolean => state === 'Degraded' || state === 'Failed';

/** Requests of the profile, and pins, that were not granted: each as a sentence; those with one reason are one. */
export function refusedRequests({ threads, requests }: Asked): string[] {
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
export function refusedWords({ threads, requests }: Asked): string | undefined {
  const pins = threads.filter(({ pin }) => isRefused(pin)).length;
  const others = requests.filter(({ outcome }) => isRefused(outcome)).length;
  const words = [
    ...(pins > 0 ? [`${pins} of ${counted(threads.length, 'thread')} not pinned`] : []),
    ...(others > 0 ? [`${counted(others, 'request')} of the profile not granted`] : []),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

/** Every request has been answered: the threads have started and asked. */
export const answered = ({ threads, requests }: Asked): boolean =>
  [...threads.map(({ pin }) => pin), ...requests.map(({ outcome }) => outcome)].every(
    ({ state }) => state !== 'Requested',
  );
