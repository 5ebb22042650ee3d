/** The ends of a SingleRing: one ingress and one egress, each with an end in every shard. */

import type { NativePipeline } from '../abi/addon.js';
import { ConsumerBlock, enums } from '../abi/definition.js';
import { type Region, type RingPlaces, ringPlaces } from '../region/region.js';
import type { Border } from './border.js';
import type { PipelineEnds } from './ends.js';
import { ShardConsumer } from './shard-consumer.js';
import { ShardProducer } from './shard-producer.js';

const { Js } = enums.PortCode;

export function ringEnds(native: NativePipeline, border: Border, region: Region): PipelineEnds {
  const rings = region.rings.map((ring) => ringPlaces(region, ring));
  const first = rings[0] as RingPlaces;
  return {
    isJs: (_, kind) => (kind === 'ingress' ? first.ingressPort : first.egressPort) === Js,
    push: () => {
      const producers = rings.map((ring) => new ShardProducer(native, border, region, ring));
      const free = (): number => Math.min(...producers.map((shard) => shard.freeRecords()));
      const roomWords = (): string => `${free()} of ${first.capacity} slots are free`;
      const producersAt = rings.map((ring) => ring.producerAt);
      return { producers, drops: false, lane: undefined, journal: undefined, producersAt, roomWords };
    },
    poll: () => rings.map((ring) => new ShardConsumer(native, border, region, ring)),
    // No stage of a ring waits for its egress, so all threads end where one does.
    writerEnded: () => false,
    taken: () => rings.every((ring) => ring.egressPort !== Js || unread(border, ring) <= 0),
    unread: () => Math.max(...rings.map((ring) => unread(border, ring))),
  };
}

/** Records between a shard's egress and the terminal stage that is furthest behind. */
function unread(border: Border, ring: RingPlaces): number {
  const taken = border.load(ring.egressAt + ConsumerBlock.offset.cell);
  let ahead = 0x7fff_ffff;
  for (const terminal of ring.terminalsAt)
    ahead = Math.min(ahead, (border.load(terminal + ConsumerBlock.offset.sequence) - taken) | 0);
  return ahead;
}
