/** Small edits of JSON data, as an author's slips of the pen. The input is never changed. */
import { fromPointer, under } from '../../lib/plan/pointer.js';
import type { Choices } from './choices.js';

export interface Place {
  readonly path: string;
  readonly value: unknown;
}

/** Every place of a document, the document itself first. */
export function placesOf(value: unknown, path = ''): Place[] {
  const below =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => placesOf(inner, under(path, key)))
      : [];
  return [{ path, value }, ...below];
}

/** A copy with another value at a place. */
export function replaced(document: unknown, path: string, value: unknown): unknown {
  return edit(document, path, (holder, key) => {
    holder[key] = value;
  });
}

/** A copy without the field or list item at a place. */
export function removed(document: unknown, path: string): unknown {
  return edit(document, path, (holder, key) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  });
}

function edit(
  document: unknown,
  path: string,
  change: (holder: Record<string, unknown>, key: string) => void,
): unknown {
  const root = { document: structuredClone(document) };
  const segments = ['document', ...fromPointer(path)];
  const key = segments.pop() as string;
  let holder: Record<string, unknown> = root;
  for (const segment of segments) holder = holder[segment] as Record<string, unknown>;
  change(holder, key);
  return root.document;
}

const JUNK: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1,
  2,
  3,
  1.5,
  1e300,
  '',
  'x',
  'nobody-at-all',
  'bytes(0)',
  'utf8',
  'json',
  [],
  {},
  [[]],
  { kind: 'field', name: 'user' },
  { kind: 'Events' },
];
const WORDS = [
  ...['SingleRing', 'LaneGraph', 'Strict', 'PerKey', 'Mpmc', 'WorkQueue', 'Block', 'Drop', 'ingress', 'egress'],
  ...['Broadcast', 'RoundRobin', 'Interleave', 'Ordered', 'Events', 'Journal', 'SequencedSlots', 'FanoutBroadcast'],
  ...['identity', 'filter', 'append', 'count', 'js:other', 'bytes', 'token', 'json', 'field', 'struct', 'each_batch'],
];

/** One edit somewhere. */
export function mutated(document: unknown, choices: Choices): unknown {
  const places = placesOf(document);
  const place = choices.pick(places.length > 1 ? places.slice(1) : places);
  const texts = places.map(({ value }) => value).filter((value) => typeof value === 'string');
  switch (choices.below(7)) {
    case 0:
      return removed(document, place.path);
    case 1:
      return replaced(document, place.path, choices.pick(JUNK));
    case 2:
      return replaced(document, place.path, choices.pick(WORDS));
    case 3:
      return replaced(document, place.path, choices.pick(texts.length > 0 ? texts : ['x']));
    case 4:
      return replaced(document, place.path, structuredClone(choices.pick(places).value));
    case 5:
      return inLists(document, places, choices);
    default: {
      const maps = places.filter(({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value));
      if (maps.length === 0) return document;
      const field = choices.pick([
        ...['extra', 'lane', 'depends_on', 'config', 'codec', 'shards', 'on_full', 'invert'],
        ...['access', 'sink', 'filters', 'emits', 'emits_max', 'room', 'keeps_layout'],
      ]);
      return replaced(document, under(choices.pick(maps).path, field), choices.pick([...JUNK, ...WORDS]));
    }
  }
}

/** Repeats or swaps the items of a list. */
function inLists(document: unknown, places: readonly Place[], choices: Choices): unknown {
  const lists = places.filter(({ value }) => Array.isArray(value) && value.length > 0);
  if (lists.length === 0) return document;
  const { path, value } = choices.pick(lists) as { path: string; value: unknown[] };
  const [one, other] = [choices.below(value.length), choices.below(value.length)];
  if (choices.chance()) return replaced(document, path, [...value, structuredClone(value[one])]);
  const swapped = structuredClone(value);
  [swapped[one], swapped[other]] = [swapped[other], swapped[one]];
  return replaced(document, path, swapped);
}
