/** What the two handles need of the pipeline that made them: one environment's hold on it. */

import type { NativePipeline } from '../abi/addon.js';
import type { Border } from '../channel/border.js';
import type { PipelineEnds } from '../channel/ends.js';
import type { Failure } from '../region/failure.js';
import type { HotWait } from './waiting.js';

export interface PortHost {
  readonly native: NativePipeline;
  readonly border: Border;
  readonly ends: PipelineEnds;
  readonly hotWait: HotWait;
  /** True once the ledger has been settled: nothing moves any more. */
  readonly stopped: boolean;
  readonly failure: Failure | undefined;
  /** It has failed, and nothing moves any more because records at some egress are not polled. */
  readonly stuck: boolean;
  /** Every native thread has ended by itself. */
  readonly threadsEnded: boolean;
  /** So they have, and everything that reached an egress of JavaScript has been taken: nothing moves any more. */
  readonly drained: boolean;
  /** It was opened to tell what is delivered. */
  readonly keepsDelivered: boolean;
  /** Keep the event loop alive while a promise is pending. */
  hold(): void;
  unhold(): void;
  /** Makes what this thread has pushed visible, and gives the stages that it runs their turn. */
  flush(): void;
  /** Gives the stages that this thread runs a turn; true when they did something. */
  turn(): boolean;
  /** @throws UsageError inside of a function of a stage that this thread runs. */
  refuseInStage(what: string): void;
  giveBack(id: string): void;
  ingressClosed(id: string): void;
  /** The egress gave room back while a JS producer slept. */
  wakeProducer(): void;
  /** The egress moved on while the pipeline is ending. */
  egressMoved(): void;
  /** True once no ingress takes anything any more: all were closed, the pipeline failed or was stopped. */
  readonly ending: boolean;
}
