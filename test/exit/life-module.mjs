/** Modules of stages for stage-life.mjs. */

/** Says to its process that it has begun, and does not come back. */
const begun = new BroadcastChannel(`byteor: a stage of process ${process.pid}`);
begun.unref();

export const spins = {
  batch() {
    begun.postMessage('begun');
    for (;;);
  },
};

export const exits = (record) => {
  if (record === '3') process.exit(5);
};
