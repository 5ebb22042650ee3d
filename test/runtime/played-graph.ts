import { NativeEvent, type NativePipeline } from '../../lib/abi/addon.js';
import { ConsumerBlock, FRAME_PADDING, ProducerBlock } from '../../lib/abi/definition.js';
import { FrameProducer } from '../../lib/channel/frame-producer.js';
import type { BoundaryEntry, PipelinePlanV2 } from '../../lib/plan/document.js';
import { Pipeline } from '../../lib/runtime/pipeline.js';
import { GraphRegion, type GraphShape } from './lanes.js';

/** One frame as a native reader sees it. */
export interface PlayedRecord {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/**
 * A pipeline whose native side is played by the test: `read` and `write` do at a lane what a native role does, one step
 * at a time, and events are sent by hand. The handles on top are the real ones.
 */
export class PlayedGraph {
  readonly graph: GraphRegion;
  readonly pipeline: Pipeline;
  readonly closed: string[] = [];
  readonly calls: string[] = [];
  ended = false;
  readonly #positions = new Map<string, number>();
  readonly #writers = new Map<number, FrameProducer>();

  constructor(shape: GraphShape, boundaries: readonly BoundaryEntry[], options: { copies?: boolean } = {}) {
    this.graph = new GraphRegion(shape);
    const native: NativePipeline = {
      ...this.graph.native(),
      number: 1,
      note: '',
      region: options.copies === true ? null : this.graph.buffer,
      takePort: () => true,
      giveBackPort: (id) => void this.calls.push(`giveBack ${id}`),
      notify: (events) => this.pipeline.onEvent(events),
      closeIngress: (id) => {
        this.closed.push(id);
        const open = shape.roles.filter(({ kind, id: other }) => kind === 'Ingress' && !this.closed.includes(other));
        if (open.length === 0) this.graph.state('Closing');
      },
      requestClose: () => {
        this.calls.push('requestClose');
        this.graph.state('Closing');
      },
      threadsEnded: () => this.ended,
      halt: () => {
        this.calls.push('halt');
        this.ended = true;
        this.graph.state('Stopped');
      },
      ref: () => {},
      unref: () => {},
      detach: () => {},
      opReports: () => '{}',
      status: () => '{}',
    };
    const note = {
      name: 'graph',
      version: '',
      hotWait: 'park',
      boundaries,
      fieldKeys: {},
      batchRecords: 256,
      delivered: false,
      hosted: [],
    } as const;
    this.pipeline = new Pipeline<PipelinePlanV2>(native, note, true);
  }

  /** Reads at most `limit` frames of a lane as a native role does, and gives them back. */
  read(lane: number, limit = 1000, reader = 0): PlayedRecord[] {
    const { graph } = this;
    const places = graph.lane(lane);
    const key = `${lane}/${reader}`;
    const { cell } = ProducerBlock.offset;
    const end = graph.view.getUint32(places.producerAt + cell, true);
    let position = this.#positions.get(key) ?? graph.shape.position ?? 0;
    const found: PlayedRecord[] = [];
    while (position % 2 ** 32 !== end && found.length < limit) {
      const at = places.dataAt + (position % places.memoryBytes);
      const length = graph.view.getUint32(at, true);
      const flags = graph.view.getUint32(at + 4, true);
      if (flags === FRAME_PADDING) position += length;
      else {
        found.push({ bytes: new Uint8Array(graph.buffer.slice(at + 16, at + 16 + length)), flags });
        position += 16 + Math.ceil(length / 8) * 8;
      }
    }
    this.#positions.set(key, position);
    const block = places.readers[reader]?.at ?? 0;
    const counted = graph.f64(block + ConsumerBlock.offset.in) + found.length;
    graph.consumer(lane, reader, { sequence: position, in: counted, out: counted });
    if (graph.view.getUint32(places.producerAt + ProducerBlock.offset.room_armed, true) === 1) {
      graph.producer(lane, { room_armed: 0 });
      this.pipeline.onEvent(NativeEvent.Room);
    }
    return found;
  }

  /** Writes a frame to a lane as a native role does: its cursor moves. False while there is no room. */
  write(lane: number, record: PlayedRecord): boolean {
    const { graph } = this;
    const places = graph.lane(lane);
    const known = this.#writers.get(lane);
    const writer = known ?? new FrameProducer(graph.native(), graph.border('in place'), graph.region, places);
    this.#writers.set(lane, writer);
    const at = writer.claim(record.bytes.length);
    if (at < 0) return false;
    writer.memory.bytes.set(record.bytes, at);
    writer.commit(record.bytes.length, record.flags);
    writer.publish();
    const cell = graph.view.getUint32(places.producerAt + ProducerBlock.offset.cell, true);
    graph.producer(lane, { cursor: cell });
    const reader = places.readers[0]?.at ?? 0;
    if (graph.view.getUint32(reader + ConsumerBlock.offset.records_armed, true) === 1) {
      graph.consumer(lane, 0, { records_armed: 0 });
      this.pipeline.onEvent(NativeEvent.Records);
    }
    return true;
  }

  /** The threads have ended by themselves. */
  end(): void {
    this.ended = true;
    this.pipeline.onEvent(NativeEvent.Ended);
  }
}
