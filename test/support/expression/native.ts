import type { NativeEvaluation, NativeValue } from '../../../lib/abi/addon.js';
import {
  CelDuration,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
} from '../../../lib/expression/values.js';
import { nativeAddon } from '../../../lib/runtime/native.js';

/** The native evaluator, with values as the second evaluator has them. */
export const evaluateNatively = (program: Uint8Array, entry: number, record: Uint8Array): NativeEvaluation =>
  nativeAddon().evaluateExpression(program, entry, record);

export function fromNative({ type, value }: NativeValue): CelValue {
  switch (type) {
    case 'int':
      return BigInt(value);
    case 'uint':
      return new CelUint(BigInt(value));
    case 'double':
      return Number(value);
    case 'timestamp':
      return new CelTimestamp(BigInt(value.seconds), value.nanos);
    case 'duration':
      return new CelDuration(BigInt(value.seconds), value.nanos);
    case 'list':
      return value.map(fromNative);
    case 'map':
      return new CelMap(value.map(([key, of]) => [fromNative(key), fromNative(of)] as const));
    case 'optional':
      return new CelOptional(value === null ? undefined : fromNative(value));
    case 'type':
      return new CelType(value);
    default:
      return value;
  }
}
