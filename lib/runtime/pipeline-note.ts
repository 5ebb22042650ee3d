/** What travels between the threads that hold a pipeline. Types only. */

import type { HotWait } from '../handle/waiting.js';
import type { HostedStage } from '../host/hosted-stage.js';
import type { BoundaryEntry } from '../plan/document.js';
import type { FieldKeys } from './report-keys.js';

/**
 * What a hold knows of its pipeline besides the region; travels as JSON to threads that attach.
 * @internal
 */
export interface PipelineNote {
  readonly name: string;
  readonly version: string;
  readonly hotWait: HotWait;
  readonly boundaries: readonly BoundaryEntry[];
  readonly fieldKeys: FieldKeys;
  /** Push handles tell what is delivered. */
  readonly delivered: boolean;
  /** Records that a stage is shown at once. */
  readonly batchRecords: number;
  /** The stages that JavaScript runs. */
  readonly hosted: readonly HostedStage[];
}
