/**
 * How a handle touches memory that native threads share. The handles are written once, against these few operations;
 * which of the three is used is decided when a pipeline is opened (docs/decisions). One thread uses a border.
 *
 *   AtomicsBorder  the region itself; cells through Atomics                      (x64)
 *   CallBorder     the region itself; cells through native calls, which state the memory order   (other processors)
 *   CopyBorder     a private copy, filled and emptied by native calls, a batch at a time   (no external buffers)
 *
 * Cells are named by their byte offset in the region. All three are seq_cst: see SYNC POINT S1, S2 in ORDERING.md.
 */

import type { NativePipeline } from '../abi/addon.js';
import { RegionHeader } from '../abi/definition.js';

export interface Border {
  /** What a handle reads and writes: slots, arenas, counters. Offsets are the region's. */
  readonly memory: ArrayBuffer;
  /** True when `memory` is a copy, so that `pull` and `push` do something. */
  readonly copies: boolean;
  load(cell: number): number;
  store(cell: number, value: number): void;
  exchange(cell: number, value: number): number;
  /** Brings bytes from the region into `memory`. */
  pull(at: number, bytes: number): void;
  /** Brings bytes from `memory` into the region. */
  push(at: number, bytes: number): void;
  /** The observable part as it is now: the region itself, or a copy of it. */
  observable(): ArrayBuffer;
}

export class AtomicsBorder implements Border {
  readonly memory: ArrayBuffer;
  readonly copies = false;
  readonly cells: Int32Array;

  constructor(region: ArrayBuffer) {
    this.memory = region;
    // Sequence words lie in the slots, so all of the region is in reach; offsets beyond 2^31 are never cells' own.
    this.cells = new Int32Array(region, 0, Math.floor(region.byteLength / 4));
  }

  load(cell: number): number {
    return Atomics.load(this.cells, cell / 4);
  }
  store(cell: number, value: number): void {
    Atomics.store(this.cells, cell / 4, value);
  }
  exchange(cell: number, value: number): number {
    return Atomics.exchange(this.cells, cell / 4, value);
  }
  pull(): void {}
  push(): void {}
  observable(): ArrayBuffer {
    return this.memory;
  }
}

export class CallBorder implements Border {
  readonly memory: ArrayBuffer;
  readonly copies = false;
  readonly native: NativePipeline;

  constructor(native: NativePipeline, region: ArrayBuffer) {
    this.native = native;
    this.memory = region;
  }

  load(cell: number): number {
    return this.native.loadCell(cell);
  }
  store(cell: number, value: number): void {
    this.native.storeCell(cell, value);
  }
  exchange(cell: number, value: number): number {
    return this.native.exchangeCell(cell, value);
  }
  pull(): void {}
  push(): void {}
  observable(): ArrayBuffer {
    return this.memory;
  }
}

export class CopyBorder implements Border {
  readonly memory: ArrayBuffer;
  readonly copies = true;
  readonly native: NativePipeline;
  readonly observableBytes: number;

  constructor(native: NativePipeline) {
    this.native = native;
    const head = new ArrayBuffer(RegionHeader.size);
    native.copyOut(head, 0, RegionHeader.size);
    this.observableBytes = observableBytes(head);
    // Zero pages that are never touched cost address space only, so the copy may be as long as the region.
    this.memory = new ArrayBuffer(native.regionBytes);
    native.copyOut(this.memory, 0, this.observableBytes);
  }

  load(cell: number): number {
    return this.native.loadCell(cell);
  }
  store(cell: number, value: number): void {
    this.native.storeCell(cell, value);
  }
  exchange(cell: number, value: number): number {
    return this.native.exchangeCell(cell, value);
  }
  pull(at: number, bytes: number): void {
    this.native.copyOut(this.memory, at, bytes);
  }
  push(at: number, bytes: number): void {
    this.native.copyIn(this.memory, at, bytes);
  }
  observable(): ArrayBuffer {
    const copy = new ArrayBuffer(this.observableBytes);
    this.native.copyOut(copy, 0, this.observableBytes);
    return copy;
  }
}

function observableBytes(head: ArrayBuffer): number {
  return Number(new DataView(head).getBigUint64(RegionHeader.offset.observable_bytes, true));
}

/** Set to 1, cells are touched by native calls also where Atomics would do. For tests. */
const NO_ATOMICS = 'BYTEOR_NO_ATOMICS';

/** The border for a hold on this machine. `region` is null where external buffers are forbidden. */
export function borderFor(native: NativePipeline): Border {
  const region = native.region;
  if (region === null) return new CopyBorder(native);
  const atomics = process.arch === 'x64' && process.env[NO_ATOMICS] !== '1';
  return atomics ? new AtomicsBorder(region) : new CallBorder(native, region);
}
