import { tests as data } from '@bufbuild/cel-spec/testdata/conformance.js';
import { type CompileOptions, compileExpressions } from '../../../lib/expression/compile.js';
import {
  CelDuration,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
} from '../../../lib/expression/values.js';
import { decodeProgram } from './decode.js';
import { evaluate } from './machine.js';
import { equal } from './operators.js';
import { parseDuration, parseTimestamp } from './time.js';

/** CEL's own conformance data, as far as it needs no messages of protobuf. */

type Json = { readonly [key: string]: unknown };

interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly { readonly original: Json & { readonly name?: string; readonly expr: string } }[];
}

export interface ConformanceCase {
  /** section/suite/test */
  readonly name: string;
  readonly section: string;
  readonly test: Json & { readonly expr: string };
}

/** Sections that are about messages alone. */
const OF_MESSAGES: ReadonlySet<string> = new Set(['dynamic', 'enums', 'proto2', 'proto2_ext', 'proto3', 'wrappers']);
const MESSAGE = /TestAllTypes|NestedTestAllTypes|GlobalEnum|google\.protobuf\.(?!Timestamp|Duration)\w+|cel\.expr\./;

const EMPTY: ReadonlySet<string> = new Set(['', 'google.protobuf']);

function needsMessages(section: string, test: Json): boolean {
  if (OF_MESSAGES.has(section)) return true;
  const { name, description, ...rest } = test;
  const text = JSON.stringify(rest).replaceAll(/type\.googleapis\.com\/google\.protobuf\.(Timestamp|Duration)/g, '');
  return MESSAGE.test(text) || (!EMPTY.has((test.container as string) ?? '') && section !== 'namespace');
}

/** Every case with a result, of the sections that need no messages. */
export function conformanceCases(): ConformanceCase[] {
  const found: ConformanceCase[] = [];
  const visit = (suite: Suite, section: string, path: string): void => {
    for (const inner of suite.suites ?? []) visit(inner, section, `${path}/${inner.name}`);
    for (const [index, { original }] of (suite.tests ?? []).entries())
      if (!needsMessages(section, original))
        found.push({ name: `${path}/${original.name ?? index}`, section, test: original });
  };
  for (const suite of (data as Suite).suites ?? []) visit(suite, suite.name, suite.name);
  return found;
}

/** A value as the JSON form of protobuf has it. */
export function celValueOf(json: Json): CelValue {
  const [kind, value] = Object.entries(json)[0] as [string, never];
  switch (kind) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'stringValue':
      return value;
    case 'int64Value':
      return BigInt(value);
    case 'uint64Value':
      return new CelUint(BigInt(value));
    case 'doubleValue':
      return Number(value);
    case 'bytesValue':
      return Uint8Array.from(Buffer.from(value as string, 'base64'));
    case 'typeValue':
      return new CelType(value);
    case 'listValue':
      return ((value as Json).values as Json[] | undefined)?.map(celValueOf) ?? [];
    case 'mapValue':
      return new CelMap(
        ((value as Json).entries as { key: Json; value: Json }[] | undefined)?.map(
          (entry) => [celValueOf(entry.key), celValueOf(entry.value)] as const,
        ) ?? [],
      );
    default: {
      const { '@type': type, value: text } = value as { '@type': string; value: string };
      return type.endsWith('Timestamp') ? parseTimestamp(text) : parseDuration(text);
    }
  }
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, of) => {
    if (typeof of === 'bigint') return `${of}`;
    if (of instanceof CelUint) return `${of.value}u`;
    if (of instanceof CelTimestamp || of instanceof CelDuration) return `${of.seconds}s${of.nanos}`;
    if (typeof of === 'number') return `double ${Object.is(of, -0) ? '-0' : of}`;
    return of instanceof CelOptional ? { optional: of.value } : of;
  });

const sameValue = (left: CelValue, right: CelValue): boolean =>
  equal(left, right) || (typeof left === 'number' && typeof right === 'number' && Object.is(left, right));

const sameKind = (left: CelValue, right: CelValue): boolean =>
  typeof left === typeof right && left?.constructor === right?.constructor;

/** How a case is compiled; `record` is of no meaning to it. */
export function optionsOf({ test }: ConformanceCase): CompileOptions {
  const bindings = Object.entries((test.bindings ?? {}) as Record<string, { value: Json }>);
  const constants = new Map(bindings.map(([name, { value }]) => [name, celValueOf(value)] as const));
  // Names of a container are the host's to resolve: those inside it come first.
  const container = `${test.container ?? ''}.`;
  for (const [name, value] of [...constants])
    if (name.startsWith(container)) constants.set(name.slice(container.length), value);
  return { record: { kind: 'bytes' }, constants, fold: false, unchecked: test.disableCheck === true };
}

/** Undefined where the case gives what it must; else what it gives. */
export function disagreement(one: ConformanceCase): string | undefined {
  const { test } = one;
  const compiled = compileExpressions([test.expr], optionsOf(one));
  const wantsError = test.evalError !== undefined;
  if (!compiled.ok) return wantsError ? undefined : `refused: ${compiled.message}`;
  if (test.checkOnly === true) return undefined;
  const outcome = evaluate(decodeProgram(compiled.bytes), 0, new Uint8Array());
  if (outcome.fault !== undefined) return wantsError ? undefined : `fault ${outcome.fault}`;
  const got = outcome.value as CelValue;
  if (wantsError) return `no error: ${shown(got)}`;
  const typed = test.typedResult as { result?: Json } | undefined;
  const want = (test.value ?? typed?.result) as Json | undefined;
  const value = want === undefined ? true : celValueOf(want);
  return sameValue(got, value) && sameKind(got, value) ? undefined : `got ${shown(got)}, wanted ${shown(value)}`;
}
