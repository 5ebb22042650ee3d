/** Lowers `on_error` of a stage or a boundary. Pure; any thread. */

import { onErrorWords } from '../abi/failure.js';
import type { OnError } from '../plan/document.js';
import type { OnErrorName } from './spec.js';

export function onErrorOf({
  id,
  on_error = 'stop',
}: {
  readonly id: string;
  readonly on_error?: OnError;
}): OnErrorName {
  const found = (Object.keys(onErrorWords) as OnErrorName[]).find((name) => onErrorWords[name] === on_error);
  if (found !== undefined) return found;
  throw new TypeError(`"${id}" has the unknown on_error "${on_error}"; pass a plan that validate() accepted`);
}
