/**
 * Many waits may share one AbortSignal (that of a server, of a request). It gets one listener however many they are, and
 * none once they have ended: Node warns of a leak at the eleventh. One thread.
 */

interface Watched {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const signals = new WeakMap<AbortSignal, Watched>();

/** Calls `act` when the signal is aborted (at once where it is), unless the returned function is called first. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  const watched = signals.get(signal) ?? watch(signal);
  // A wrapper of its own: two waits may pass the same function.
  const mine = (): void => act();
  watched.acts.add(mine);
  return () => {
    watched.acts.delete(mine);
    if (watched.acts.size > 0 || signals.get(signal) !== watched) return;
    signal.removeEventListener('abort', watched.listener);
    signals.delete(signal);
  };
}

function watch(signal: AbortSignal): Watched {
  const acts = new Set<() => void>();
  const listener = (): void => {
    signals.delete(signal);
    // One act may end the waits of others.
    for (const act of [...acts]) if (acts.delete(act)) act();
  };
  const watched = { acts, listener };
  signals.set(signal, watched);
  signal.addEventListener('abort', listener, { once: true });
  return watched;
}
