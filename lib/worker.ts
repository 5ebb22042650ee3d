/** What a thread runs that `open` starts for a module of stages; never imported. */

import { runStageWorker } from './runtime/stage-worker.js';

runStageWorker();
