/**
 * What an expression may name: the record as its codec has it, constants, functions; as the library's environment. Pure; any thread.
 */
import { Environment } from '@marcbachmann/cel-js';
import { codecKind, type FieldLayout, layoutOf } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { OPERATORS, SIGNATURES } from './functions.js';
import { type CelMap, type CelValue, typeNameOf } from './values.js';

/** What the records are that an expression is about. `fields`: of a struct, as its codec lays them out. */
export type RecordShape =
  | { readonly kind: 'json' | 'utf8' | 'bytes' }
  | { readonly kind: 'struct'; readonly fields: readonly FieldLayout[] };

/** What a codec makes of the records. */
export function shapeOfCodec(codec: Codec): RecordShape {
  const layout = layoutOf(codec);
  return layout === undefined
    ? { kind: codecKind(codec) as 'json' | 'utf8' | 'bytes' }
    : { kind: 'struct', fields: layout.fields };
}

export const AST_NODES_MAX = 2000;

class StringsNamespace {}
class Base64Namespace {}
class MathNamespace {}

/** The names of their types stand here as texts: minifiers rename classes. */
const NAMESPACES = [
  ['strings', 'StringsNamespace', StringsNamespace],
  ['base64', 'Base64Namespace', Base64Namespace],
  ['math', 'MathNamespace', MathNamespace],
] as const;

/** The library never runs what is registered here: programs run in C++. */
const unused = (): null => null;

let common: Environment | undefined;

function commonEnvironment(): Environment {
  if (common !== undefined) return common;
  const env = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: AST_NODES_MAX, maxDepth: 250, maxListElements: 1000, maxMapEntries: 1000 },
  });
  for (const [name, type, ctor] of NAMESPACES) {
    env.registerType(type, ctor);
    env.registerConstant(name, type, new ctor());
  }
  env.registerVariable('optional_type', 'type');
  for (const signature of SIGNATURES) env.registerFunction(signature, unused, { async: false });
  for (const operator of OPERATORS) env.registerOperator(operator, unused);
  common = env;
  return env;
}

const FIELD_TYPES: Readonly<Record<FieldLayout['kind'], string>> = {
  u8: 'uint',
  u16: 'uint',
  u32: 'uint',
  u64: 'uint',
  i8: 'int',
  i16: 'int',
  i32: 'int',
  i64: 'int',
  f32: 'double',
  f64: 'double',
  bool: 'bool',
  bytes: 'bytes',
  utf8: 'string',
};

/** A constant's type for the checker; what a list or a map holds is of a type that is not known. */
export function typeOfConstant(value: CelValue): string {
  const name = typeNameOf(value);
  if (name === 'list') return 'list<dyn>';
  if (name === 'map') return 'map<dyn, dyn>';
  if (name === 'optional_type') return 'optional<dyn>';
  return name === 'null_type' ? 'null' : name;
}

/** `config` has members that are known, so that a wrong name is an error of the check. */
function membersOf(map: CelMap): Record<string, string> | undefined {
  const members: Record<string, string> = {};
  for (const [key, value] of map.entries) {
    if (typeof key !== 'string') return undefined;
    members[key] = typeOfConstant(value);
  }
  return members;
}

/** The library's environment for a record and constants (`config`, and whatever else a caller names). */
export function environmentOf(shape: RecordShape, constants: ReadonlyMap<string, CelValue>): Environment {
  const env = commonEnvironment().clone();
  if (shape.kind === 'struct') {
    const schema = Object.fromEntries(shape.fields.map((field) => [field.name, FIELD_TYPES[field.kind]]));
    env.registerVariable('record', { schema });
  } else env.registerVariable('record', { json: 'dyn', utf8: 'string', bytes: 'bytes' }[shape.kind]);
  for (const [name, value] of constants) {
    if (name.includes('.')) continue;
    const members = name === 'config' && typeNameOf(value) === 'map' ? membersOf(value as CelMap) : undefined;
    if (members === undefined) env.registerVariable(name, typeOfConstant(value));
    else env.registerVariable(name, { schema: members });
  }
  return env;
}
