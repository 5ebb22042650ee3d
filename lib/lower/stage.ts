/** Lowers one stage of the catalog: op key → code, configuration → what the core needs of it, traits → flags and room. */

import { type BuiltinName, builtinNames, type CallerName, callerOps } from '../abi/ops.js';
import type { Codec, StageEntry } from '../plan/document.js';
import { OP_CATALOG, type OpTraits, roomOf, traitsOf } from '../plan/op-catalog.js';
import { onErrorOf } from './on-error.js';
import { lowerConfig } from './op-config.js';
import type { StageAbilities, StageSpec } from './spec.js';

type Configured = Pick<StageSpec, 'op' | 'config'>;

/** `js:<name>` and `native:<name>`: the core gets the name, and the caller hands the code over at open. */
function callerOp(stage: StageEntry): Configured {
  const [prefix, name = ''] = stage.op.split(/:(.*)/s);
  const op = (Object.keys(callerOps) as CallerName[]).find((candidate) => callerOps[candidate].name === prefix);
  if (op === undefined)
    throw new TypeError(`stage "${stage.id}" has the unknown op "${stage.op}"; pass a plan that validate() accepted`);
  return { op, config: { name, emits_max: stage.emits_max ?? 0 } };
}

/** The ops that do what a program says, by the op whose config it is. */
const BY_PROGRAM: Readonly<Partial<Record<BuiltinName, BuiltinName>>> = {
  Filter: 'FilterWhere',
  Reject: 'RejectWhere',
};

function configured(stage: StageEntry, codec: Codec): Configured {
  const op = builtinNames.get(stage.op);
  if (op === undefined) return callerOp(stage);
  const config = lowerConfig(stage.op, stage.config, codec);
  return { op: config !== null && 'program' in config ? (BY_PROGRAM[op] ?? op) : op, config };
}

/** What the core needs to know of an op's traits. */
export function abilitiesOf({ access, filters, fails, sink, emits, keepsLayout }: OpTraits): StageAbilities {
  const writes = access === 'write';
  return { writes, keepsLayout: (writes || emits) && keepsLayout, filters, fails, sink, emits };
}

/** In a ring: it marks records that go no further, because its op filters them or because they failed in it. */
export const marksRecords = ({ filters, fails, onError }: Pick<StageSpec, 'filters' | 'fails' | 'onError'>): boolean =>
  filters || (fails && (onError === 'Drop' || onError === 'DeadLetter'));

/**
 * Lowers one catalog entry.
 * @param codec what an ingress upstream declares; with several, validation has seen to it that a field agrees
 */
export function lowerStage(stage: StageEntry, codec: Codec): StageSpec {
  const { op, config } = configured(stage, codec);
  const traits = traitsOf(stage.op, OP_CATALOG, stage, stage.config);
  if (traits === undefined) throw new TypeError(`op "${stage.op}" is not in the catalog`);
  const room = roomOf(stage);
  return {
    id: stage.id,
    op,
    ...abilitiesOf(traits),
    headroom: room.head,
    tailroom: room.tail,
    onError: onErrorOf(stage),
    config,
  };
}
