/** Lowers one stage of the catalog: op key → code, configuration → text, match and key, traits → flags and room. */

import type { Codec, Key, StageEntry } from '../plan/document.js';
import { MATCHERS } from '../plan/limits.js';
import {
  type FilterConfig,
  OP_CATALOG,
  roomOf,
  type SetFieldConfig,
  type TextConfig,
  traitsOf,
} from '../plan/op-catalog.js';
import { lowerFieldWrite } from './field-write.js';
import type { KeyTable } from './key.js';
import type { MatchName, OpName, StageSpec } from './spec.js';

/** What of a stage's configuration the core needs. */
type Argument = Pick<StageSpec, 'op' | 'text' | 'match' | 'invert' | 'key' | 'field'>;

const MATCH_NAMES: Readonly<Record<(typeof MATCHERS)[number], MatchName>> = {
  contains: 'Contains',
  starts_with: 'StartsWith',
  ends_with: 'EndsWith',
  equals: 'Equals',
};

const plain = (op: OpName, text = ''): Argument => ({
  op,
  text,
  match: 'None',
  invert: false,
  key: null,
  field: null,
});

function matching(op: OpName, config: FilterConfig): Argument {
  const matcher = MATCHERS.find((candidate) => config[candidate] !== undefined);
  if (matcher === undefined) throw new TypeError(`a ${op} without a text; pass a plan that validate() accepted`);
  const text = config[matcher] ?? '';
  return { ...plain(op, text), match: MATCH_NAMES[matcher], invert: config.invert ?? false };
}

function argumentOf(stage: StageEntry, keys: KeyTable, codec: Codec): Argument {
  const config: unknown = stage.config ?? {};
  switch (stage.op) {
    case 'identity':
      return plain('Identity');
    case 'filter':
      return matching('Filter', config as FilterConfig);
    case 'reject':
      return matching('Reject', config as FilterConfig);
    case 'prepend':
      return plain('Prepend', (config as TextConfig).text);
    case 'append':
      return plain('Append', (config as TextConfig).text);
    case 'count':
      return { ...plain('Count'), key: keys.add((config as { key?: Key }).key, codec) };
    case 'checksum':
      return plain('Checksum');
    case 'set_field':
      return { ...plain('SetField'), field: lowerFieldWrite(config as SetFieldConfig, codec) };
    default:
      return callerOp(stage);
  }
}

/** `js:<name>` and `native:<name>`: the text is the name; the caller hands the code over at open. */
function callerOp(stage: StageEntry): Argument {
  const [prefix, name = ''] = stage.op.split(/:(.*)/s);
  if (prefix === 'js') return plain('Js', name);
  if (prefix === 'native') return plain('Native', name);
  throw new TypeError(`stage "${stage.id}" has the unknown op "${stage.op}"; pass a plan that validate() accepted`);
}

/**
 * Lowers one catalog entry; a key of its own joins `keys`.
 * @param codec what an ingress upstream declares; with several, validation has seen to it that a field agrees
 */
export function lowerStage(stage: StageEntry, keys: KeyTable, codec: Codec): StageSpec {
  const argument = argumentOf(stage, keys, codec);
  const traits = traitsOf(stage.op, OP_CATALOG, stage);
  if (traits === undefined) throw new TypeError(`op "${stage.op}" is not in the catalog`);
  const room = roomOf(stage);
  return {
    id: stage.id,
    ...argument,
    writes: traits.access === 'write',
    keepsLayout: traits.access === 'write' && traits.keepsLayout,
    filters: traits.filters,
    fails: traits.fails,
    sink: traits.sink,
    headroom: room.head,
    tailroom: room.tail,
  };
}
