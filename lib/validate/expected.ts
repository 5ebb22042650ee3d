/**
 * What the document wants at a place, in words, and which rules have a code of their own although one value alone
 * breaks them. Keyed by pointer with `*` for list items and ids. Pure; any thread.
 */

import {
  CAPACITY_MAX,
  CONDITIONS,
  FANOUT_V1_MAX_CONSUMERS,
  JOURNAL_INTERVAL_MS_MAX,
  JOURNAL_SEGMENT_BYTES_MAX,
  JOURNAL_SEGMENT_BYTES_MIN,
  KEY_LENGTH_MAX,
  KEY_OFFSET_MAX,
  KEY_TOKEN_INDEX_MAX,
  LANE_BYTES_MAX,
  LANE_BYTES_MIN,
  RING_SHARDS_MAX,
  SEQUENCED_SLOTS_V1_GATING,
  STRUCT_FIELD_BYTES_MAX,
} from '../plan/limits.js';
import { OP_CATALOG } from '../plan/op-catalog.js';
import type { DiagnosticCode } from './codes.js';

interface Expectation {
  readonly words: string;
  readonly code?: DiagnosticCode;
}

const between = (low: number, high: number) => `a whole number from ${low} to ${high}`;
const LANE = '/lane_graph/connections/*/lane';

const EXPECTED: Readonly<Record<string, Expectation>> = {
  '/version': { words: '`2`', code: 'PLAN_VERSION' },
  '/target': { words: '`SingleRing` or `LaneGraph`', code: 'PLAN_TARGET' },
  '/stages': { words: 'a list of stages' },
  '/boundaries': { words: 'a list of boundaries' },
  '/boundaries/*/kind': { words: '`ingress` or `egress`' },
  '/boundaries/*/on_error': { words: '`stop`, `drop` or `dead_letter`' },
  '/boundaries/*/codec': { words: '`bytes`, `utf8`, `json` or a struct (`{ kind: struct, fields: […] }`)' },
  '/boundaries/*/codec/fields/*/type': {
    words: `u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, bool, bytes(N) or utf8(N) with N from 1 to ${STRUCT_FIELD_BYTES_MAX}`,
    code: 'CODEC_TYPE',
  },
  '/stages/*/op': { words: `one of ${[...OP_CATALOG.keys()].join(', ')}, or js:<name>, or native:<name>` },
  '/stages/*/config': { words: 'a map' },
  '/stages/*/on_error': { words: '`stop`, `drop`, `pass` or `dead_letter`' },
  '/single_ring/stages': { words: 'a list of { stage, depends_on }' },
  '/single_ring/stages/*/depends_on': { words: 'a list of stage ids' },
  '/single_ring/shards': { words: between(1, RING_SHARDS_MAX), code: 'RING_SHARDS' },
  '/lane_graph/connections': { words: 'a list of { from, to, lane }' },
  '/lane_graph/on_full': { words: '`Block` or `Drop`' },
  '/lane_graph/boundary_policy': { words: 'a map of boundary id to policy' },
  '/lane_graph/boundary_policy/*': {
    words:
      '`Broadcast`, `RoundRobin` or `{ kind: KeyHash, key: … }` for an ingress, `Interleave` or `Ordered` for an egress',
  },
  '/lane_graph/connections/*/on_full': { words: '`Block` or `Drop`' },
  [LANE]: { words: 'a map with the `kind` Events, Journal, SequencedSlots or FanoutBroadcast' },
  [`${LANE}/capacity_bytes`]: { words: between(LANE_BYTES_MIN, LANE_BYTES_MAX) },
  [`${LANE}/capacity`]: { words: between(1, CAPACITY_MAX) },
  [`${LANE}/gating`]: { words: `\`${SEQUENCED_SLOTS_V1_GATING}\` (SEQUENCED_SLOTS_V1_GATING)`, code: 'LANE_GATING' },
  [`${LANE}/consumers`]: {
    words: `a whole number from 1 to ${FANOUT_V1_MAX_CONSUMERS} (FANOUT_V1_MAX_CONSUMERS)`,
    code: 'LANE_CONSUMERS',
  },
  [`${LANE}/fsync`]: { words: '`each_batch`, `none` or `{ interval_ms: N }`' },
  [`${LANE}/fsync/interval_ms`]: { words: between(1, JOURNAL_INTERVAL_MS_MAX) },
  [`${LANE}/segment_bytes`]: { words: between(JOURNAL_SEGMENT_BYTES_MIN, JOURNAL_SEGMENT_BYTES_MAX) },
  [`${LANE}/retain_bytes`]: { words: 'a whole number from 1' },
  [`${LANE}/retain_ms`]: { words: 'a whole number from 1' },
};

/** The last part of a pointer into any key, wherever the key stands. */
const EXPECTED_IN_KEY: Readonly<Record<string, string>> = {
  '': 'a key: a map with the `kind` bytes, token, json or field',
  '/offset': between(0, KEY_OFFSET_MAX),
  '/length': between(1, KEY_LENGTH_MAX),
  '/index': between(0, KEY_TOKEN_INDEX_MAX),
};
const KEY_PLACES = ['/single_ring/shard_key', '/lane_graph/boundary_policy/*/key', '/stages/*/config/key'];

/** What is wanted at a place, as the end of "must be …"; undefined where the schema's own words say enough. */
export function expectedAt(pointer: string): string | undefined {
  const pattern = patternOf(pointer);
  const known = EXPECTED[pattern]?.words;
  if (known !== undefined) return known;
  const key = KEY_PLACES.find((place) => pattern === place || pattern.startsWith(`${place}/`));
  if (key !== undefined) return EXPECTED_IN_KEY[pattern.slice(key.length)];
  return pattern === '/stages/*/config' ? `a map that holds one of ${CONDITIONS.join(', ')}` : undefined;
}

/** The code of a rule that one wrong value breaks; undefined where the general codes apply. */
export function ownCode(pointer: string): DiagnosticCode | undefined {
  return EXPECTED[patternOf(pointer)]?.code;
}

function patternOf(pointer: string): string {
  return pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*').replace(/^(\/lane_graph\/boundary_policy)\/[^/]+/, '$1/*');
}
