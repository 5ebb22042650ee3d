/** Rules about the single fields of `single_ring`, and about what the ring needs around it. Pure; any thread. */
import { RING_SHARDS_MAX } from '../plan/limits.js';
import { count } from '../plan/words.js';
import { checkKey } from './keys.js';
import { type BoundaryNode, type Model, type Note, type RingNode, soundKey } from './model.js';
import { fresh } from './record-flow.js';

export function checkRingRules(model: Model, note: Note): void {
  if (model.target === 'SingleRing' && model.hasBoundaries) checkBoundaries(model, note);
  if (model.ring === undefined) return;
  checkWords(model.ring, note);
  checkShards(model, model.ring, note);
}

/** Exactly one ingress and one egress; a boundary of unknown kind may be the one that is wanting. */
function checkBoundaries(model: Model, note: Note): void {
  const of = (kind: BoundaryNode['kind']) => model.boundaries.filter((node) => node.kind === kind).length;
  const [ingresses, egresses, unknown] = [of('ingress'), of('egress'), of(undefined)];
  const wanting = Math.max(0, 1 - ingresses) + Math.max(0, 1 - egresses);
  if (ingresses <= 1 && egresses <= 1 && wanting <= unknown) return;
  note({
    code: 'RING_BOUNDARIES',
    path: '/boundaries',
    message: `A SingleRing has exactly one ingress and one egress; this plan has ${count(ingresses, 'ingress')} and ${count(egresses, 'egress')}.`,
    hint: ingresses > 1 || egresses > 1 ? 'Several boundaries of one kind need the target LaneGraph.' : undefined,
  });
}

function checkWords(ring: RingNode, note: Note): void {
  if (ring.raw.producer === 'Mpmc') {
    note({
      code: 'RING_MPMC',
      path: '/single_ring/producer',
      message: 'The producer `Mpmc` is known, but a ring has one producer and each stage is one consumer.',
      received: 'Mpmc',
      hint: 'Write `Single` or leave it out; for several sources use the target LaneGraph with several ingresses.',
    });
  }
  if (ring.raw.scheduling === 'WorkQueue') {
    note({
      code: 'RING_WORK_QUEUE',
      path: '/single_ring/scheduling',
      message:
        'The scheduling `WorkQueue` is known, but the stages of a ring have threads of their own and keep the order.',
      received: 'WorkQueue',
      hint: 'Write `Dedicated` or leave it out; for parallel work use `shards`.',
    });
  }
}

function checkShards(model: Model, ring: RingNode, note: Note): void {
  const shards = ring.raw.shards === undefined ? 1 : ring.raw.shards;
  // An unsound number of shards was reported, as was one that is misspelt: neither says how many are meant.
  if (typeof shards !== 'number' || !Number.isInteger(shards) || shards < 1 || shards > RING_SHARDS_MAX) return;
  if (model.accounted.has('/single_ring/shards')) return;
  if (shards === 1) {
    checkUnusedKey(ring, note);
    return;
  }
  const written = 'ordering' in ring.raw;
  if ((!written && !model.accounted.has('/single_ring/ordering')) || ring.raw.ordering === 'Strict') {
    note({
      code: 'RING_STRICT_SHARDS',
      path: '/single_ring/ordering',
      message: `The ordering \`Strict\`${written ? '' : ' (the default)'} needs one shard, because several shards share no order; \`shards\` is ${shards}.`,
      ...(written ? { received: 'Strict' } : {}),
      hint: 'Write `ordering: PerKey` to keep the order within each shard and so per key, or use one shard.',
      related: [{ path: '/single_ring/shards', message: `${shards} shards are asked for here.` }],
    });
  }
  checkShardKey(model, ring, shards, note);
}

function checkUnusedKey(ring: RingNode, note: Note): void {
  // A key that is not sound was reported; whether it is needed is the smaller question.
  if (soundKey(ring.raw.shard_key) === undefined) return;
  note({
    code: 'RING_SHARD_KEY_UNUSED',
    path: '/single_ring/shard_key',
    message: 'The `shard_key` is ignored, because there is one shard.',
    hint: 'Remove it, or set `shards` above 1.',
  });
}

function checkShardKey(model: Model, ring: RingNode, shards: number, note: Note): void {
  const path = '/single_ring/shard_key';
  if (ring.raw.shard_key !== undefined) {
    const ingresses = model.boundaries.filter((node) => node.kind === 'ingress');
    if (ingresses.length === 1) checkKey(model, ring.raw.shard_key, path, ingresses.map(fresh), note);
  } else if (!model.accounted.has(path)) {
    note({
      code: 'RING_SHARD_KEY_MISSING',
      path,
      message: `The ring has ${shards} shards, so it needs the field \`shard_key\`, which chooses one of them for each record.`,
      hint: 'For example `shard_key: { kind: token, separator: " ", index: 0 }`.',
    });
  }
}
