/**
 * Who is who in the one namespace of stages and boundaries, and how broken names account for each other. Also the
 * words in which messages speak of a place. Pure; any thread.
 */
import { distance } from 'fastest-levenshtein';
import { fromPointer, valueAt } from '../plan/pointer.js';
import { quote } from '../plan/words.js';
import type { BoundaryNode, Model, StageNode } from './model.js';

export type Named =
  | { readonly is: 'stage'; readonly node: StageNode }
  | { readonly is: 'boundary'; readonly node: BoundaryNode };

export interface Names {
  /** First declaration of each id. */
  readonly byId: ReadonlyMap<string, Named>;
  /** Ids declared more than once: what a reference to one means is unknown. */
  readonly ambiguous: ReadonlySet<string>;
  /** Declarations whose id was reported (broken or a duplicate): each may be what an unknown reference means. */
  readonly lostStages: number;
  readonly lostBoundaries: number;
}

export function nameTable(model: Model): Names {
  const byId = new Map<string, Named>();
  const ambiguous = new Set<string>();
  let lostStages = 0;
  let lostBoundaries = 0;
  for (const node of model.stages) {
    if (node.id === undefined || byId.has(node.id)) lostStages += 1;
    if (node.id !== undefined && byId.has(node.id)) ambiguous.add(node.id);
    else if (node.id !== undefined) byId.set(node.id, { is: 'stage', node });
  }
  for (const node of model.boundaries) {
    if (node.id === undefined || byId.has(node.id)) lostBoundaries += 1;
    if (node.id !== undefined && byId.has(node.id)) ambiguous.add(node.id);
    else if (node.id !== undefined) byId.set(node.id, { is: 'boundary', node });
  }
  return { byId, ambiguous, lostStages, lostBoundaries };
}

/** Pairs are compared by spelling only up to this many of each, so that a hostile plan costs no quadratic time. */
const SPELLING_MAX = 64;

/**
 * Takes from `left` as many names as there are `broken` ones, nearest spelling first, and gives the rest. A reference
 * misspelt, a declaration misspelt and an entry put in another's place each leave one name without a partner: that is
 * one cause, and the broken one has been reported.
 */
export function unaccounted<T extends { readonly id: string | undefined }>(
  left: readonly T[],
  broken: readonly (string | undefined)[],
): T[] {
  if (broken.length >= left.length) return [];
  const rest = [...left];
  for (const name of broken) {
    const spelt = name === undefined || rest.length > SPELLING_MAX ? 0 : nearestIndex(rest, name);
    rest.splice(spelt, 1);
  }
  return rest;
}

function nearestIndex(nodes: readonly { readonly id: string | undefined }[], name: string): number {
  const distances = nodes.map((node) => distance(node.id ?? '', name));
  return distances.indexOf(Math.min(...distances));
}

/** How a message speaks of the place that holds a value: `stage "parse"`, `connection "a" → "b"`, `the plan`. */
export function placeName(document: unknown, pointer: string): string {
  const [section, first, second] = fromPointer(pointer);
  const named = (path: string, field: string) => quote(valueAt(document, `${path}/${field}`));
  const textAt = (path: string) => typeof valueAt(document, path) === 'string';
  if ((section === 'stages' || section === 'boundaries') && first !== undefined) {
    const noun = section === 'stages' ? 'stage' : 'boundary';
    const path = `/${section}/${first}`;
    return textAt(`${path}/id`) ? `${noun} ${named(path, 'id')}` : `${noun} ${first}`;
  }
  if (section === 'single_ring' && first === 'stages' && second !== undefined) {
    const path = `/single_ring/stages/${second}`;
    return textAt(`${path}/stage`) ? `ring entry ${named(path, 'stage')}` : `ring entry ${second}`;
  }
  if (section === 'lane_graph' && first === 'connections' && second !== undefined) {
    const path = `/lane_graph/connections/${second}`;
    const known = textAt(`${path}/from`) && textAt(`${path}/to`);
    return known ? `connection ${named(path, 'from')} → ${named(path, 'to')}` : `connection ${second}`;
  }
  if (section === 'lane_graph' && first === 'boundary_policy' && second !== undefined)
    return `policy of ${quote(second)}`;
  if (section === 'single_ring' || section === 'lane_graph') return `\`${section}\``;
  return 'the plan';
}

/** The first letter of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
