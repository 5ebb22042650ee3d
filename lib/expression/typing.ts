/**
 * What the library's checker does not know, taught to it node by node before the check: macros of two variables, optMap and
 * optFlatMap, optional entries, functions that take any number of arguments. Also puts back what source.ts has replaced. Pure.
 */
import { type LibraryChecker, type LibraryNode, type LibraryScope, type LibraryType, typedBy } from './library-node.js';
import { ExpressionError, type PreparedSource } from './source.js';
import type { LoopKind } from './tree.js';

/** The macros by name and number of arguments, as the tree has them. */
export const LOOPS: Readonly<Record<string, readonly [LoopKind, variables: number, filtered: boolean]>> = {
  'all/2': ['all', 1, false],
  'exists/2': ['exists', 1, false],
  'exists_one/2': ['existsOne', 1, false],
  'existsOne/2': ['existsOne', 1, false],
  'map/2': ['map', 1, false],
  'map/3': ['map', 1, true],
  'filter/2': ['filter', 1, false],
  'all/3': ['all', 2, false],
  'exists/3': ['exists', 2, false],
  'exists_one/3': ['existsOne', 2, false],
  'existsOne/3': ['existsOne', 2, false],
  'transformList/3': ['map', 2, false],
  'transformList/4': ['map', 2, true],
  'transformMap/3': ['transformMap', 2, false],
  'transformMap/4': ['transformMap', 2, true],
  'transformMapEntry/3': ['transformMapEntry', 2, false],
  'transformMapEntry/4': ['transformMapEntry', 2, true],
};

const OWN_MACROS = new Set(['optMap', 'optFlatMap']);

/** Entries of a list or a map that are optional, by the node of their value. */
export type OptionalEntries = ReadonlySet<LibraryNode>;

/** The nodes below a node of the library's tree. */
function below(node: LibraryNode): LibraryNode[] {
  const { op, args } = node;
  if (op === 'value' || op === 'id') return [];
  if (op === 'call') return args[1];
  if (op === 'rcall') return [args[1], ...args[2]];
  if (op === '.' || op === '.?') return [args[0]];
  if (op === 'map') return args.flat();
  return op === '!_' || op === '-_' ? [args] : args;
}

function variableName(node: LibraryNode, macro: string): string {
  if (node.op === 'id') return node.args as string;
  throw new ExpressionError(
    `${macro}() takes the name of a variable here; write a plain name, such as x`,
    node.start,
    node.end,
  );
}

/** The types of the two variables of a macro over a list or a map. */
function pairTypes(checker: LibraryChecker, over: LibraryNode, scope: LibraryScope): [LibraryType, LibraryType] {
  const type = checker.check(over, scope);
  if (type.kind === 'list') return [checker.getType('int'), type.valueType ?? checker.dynType];
  if (type.kind === 'map') return [type.keyType ?? checker.dynType, type.valueType ?? checker.dynType];
  if (type.kind === 'dyn') return [checker.dynType, checker.dynType];
  throw checker.createError('invalid_comprehension_range', `a macro runs over a list or a map, not ${type.name}`, over);
}

function mustBeBool(checker: LibraryChecker, node: LibraryNode, scope: LibraryScope): void {
  const type = checker.check(node, scope);
  if (type.kind !== 'dyn' && type.name !== 'bool')
    throw checker.createError('invalid_condition_type', `the condition must be bool, got '${type.name}'`, node);
}

function typePairs(node: LibraryNode, loop: LoopKind, filtered: boolean): void {
  const [name, over, args] = node.args as [string, LibraryNode, LibraryNode[]];
  const names = [variableName(args[0] as LibraryNode, name), variableName(args[1] as LibraryNode, name)];
  const body = args.at(-1) as LibraryNode;
  typedBy(node, (checker, scope) => {
    const types = pairTypes(checker, over, scope);
    const inner = scope.forkWithVariable(names[0] as string, types[0]).forkWithVariable(names[1] as string, types[1]);
    if (filtered) mustBeBool(checker, args[2] as LibraryNode, inner);
    if (loop === 'all' || loop === 'exists' || loop === 'existsOne') {
      mustBeBool(checker, body, inner);
      return checker.getType('bool');
    }
    const type = checker.check(body, inner);
    if (loop === 'map') return checker.registry.getListType(type);
    if (loop === 'transformMap') return checker.registry.getMapType(types[0], type);
    if (type.kind === 'map' || type.kind === 'dyn') return checker.getType('map');
    throw checker.createError('invalid_condition_type', `${name}() makes a map of maps, got '${type.name}'`, body);
  });
}

function typeOptMap(node: LibraryNode): void {
  const [name, of, args] = node.args as [string, LibraryNode, LibraryNode[]];
  const variable = variableName(args[0] as LibraryNode, name);
  const body = args[1] as LibraryNode;
  typedBy(node, (checker, scope) => {
    const type = checker.check(of, scope);
    if (type.kind !== 'optional' && type.kind !== 'dyn')
      throw checker.createError('optional_expected', `${name}() is of an optional, got '${type.name}'`, of);
    const held = type.kind === 'optional' ? (type.valueType ?? checker.dynType) : checker.dynType;
    const result = checker.check(body, scope.forkWithVariable(variable, held));
    if (name === 'optMap') return checker.registry.getOptionalType(result);
    if (result.kind === 'optional') return result;
    if (result.kind === 'dyn') return checker.getType('optional');
    throw checker.createError('optional_expected', `optFlatMap() gives an optional, got '${result.name}'`, body);
  });
}

const NUMBERS = new Set(['int', 'uint', 'double', 'dyn']);

/** `math.greatest` and `math.least`: numbers, or one list of numbers. */
function typeExtremes(node: LibraryNode): void {
  const [name, , args] = node.args as [string, LibraryNode, LibraryNode[]];
  typedBy(node, (checker, scope) => {
    const types = args.map((arg) => checker.check(arg, scope));
    const only = types.length === 1 && types[0]?.kind === 'list' ? [types[0].valueType ?? checker.dynType] : types;
    const wrong = only.findIndex((type) => !NUMBERS.has(type.kind === 'dyn' ? 'dyn' : type.name));
    if (only.length === 0 || wrong >= 0)
      throw checker.createError(
        'no_matching_overload',
        `math.${name}() takes numbers, or one list of numbers; got '${only[wrong]?.name ?? 'nothing'}'`,
        args[Math.max(wrong, 0)] ?? node,
      );
    return only.every((type) => type === only[0]) ? (only[0] as LibraryType) : checker.dynType;
  });
}

function typeCall(node: LibraryNode): void {
  const [name, receiver, args] = node.args as [string, LibraryNode, LibraryNode[]];
  const loop = LOOPS[`${name}/${args.length}`];
  const space = receiver.op === 'id' ? receiver.args : undefined;
  if (loop?.[1] === 2) typePairs(node, loop[0], loop[2]);
  else if (OWN_MACROS.has(name) && args.length === 2) typeOptMap(node);
  else if (space === 'math' && (name === 'greatest' || name === 'least')) typeExtremes(node);
  else if (space === 'optional' && name === 'none') typeEmpty(node);
}

/** A constant may have dots in its name. */
function typeConstant(node: LibraryNode, types: ReadonlyMap<string, string>): boolean {
  const type = types.get(dottedName(node) ?? '');
  if (type !== undefined) typedBy(node, (checker) => checker.getType(type));
  return type !== undefined;
}

function prepareNode(node: LibraryNode, source: PreparedSource, types: ReadonlyMap<string, string>): boolean {
  if (node.op === 'value') {
    const replaced = source.bytes.get(node.start) ?? source.doubles.get(node.start);
    if (replaced !== undefined) node.args = replaced;
  } else if (node.op === '.' || node.op === '.?') {
    const quoted = source.quoted.get(node.pos);
    if (quoted !== undefined) node.args[1] = quoted;
    return !typeConstant(node, types);
  } else if (node.op === 'rcall') typeCall(node);
  else if (node.op === 'call' && node.args[0] === 'has') typeHas(node);
  else if (node.op === '+') typeSum(node);
  return true;
}

/** The library has a member of an optional, or of a literal, for no member. */
function typeHas(node: LibraryNode): void {
  const [arg] = node.args[1] as LibraryNode[];
  if (arg?.op !== '.') return;
  typedBy(node, (checker, scope) => {
    checker.check(arg, scope);
    return checker.getType('bool');
  });
}

/** A span plus a time is a time; the library takes the type of the left side. */
function typeSum(node: LibraryNode): void {
  typedBy(node, (checker, scope) => {
    const type = node.meta.check(checker, node, scope);
    const right = checker.check(node.args[1], scope);
    return right.name === 'google.protobuf.Timestamp' && type.name === 'google.protobuf.Duration' ? right : type;
  });
}

/** What is empty has no type that its elements would tell; the library leaves a placeholder that fits nothing later. */
const EMPTY_TYPES: Readonly<Record<string, string>> = { list: 'list', map: 'map', rcall: 'optional' };

function typeEmpty(node: LibraryNode): void {
  typedBy(node, (checker) => checker.getType(EMPTY_TYPES[node.op] as string));
}

/** The dotted name that a chain of selections spells, such as google.protobuf.Timestamp. */
export function dottedName(node: LibraryNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return undefined;
  const before = dottedName(node.args[0]);
  return before === undefined ? undefined : `${before}.${node.args[1]}`;
}

/** Which entries have a `?` before them: it stands behind the end of what is before it in the list or map. */
function optionalEntriesOf(node: LibraryNode, marks: readonly number[]): LibraryNode[] {
  const entries: (readonly [first: LibraryNode, value: LibraryNode])[] =
    node.op === 'list' ? node.args.map((entry: LibraryNode) => [entry, entry]) : node.args;
  let before = node.start;
  return entries.flatMap(([first, value]) => {
    const marked = marks.some((mark) => mark >= before && mark < first.start);
    before = value.end;
    return marked ? [value] : [];
  });
}

function typeEntries(node: LibraryNode, optional: OptionalEntries): void {
  typedBy(node, (checker, scope) => {
    const typeOf = (value: LibraryNode): LibraryType => {
      const type = checker.check(value, scope);
      if (!optional.has(value) || type.kind === 'dyn') return type;
      if (type.kind === 'optional') return type.valueType ?? checker.dynType;
      throw checker.createError('optional_expected', `an entry with ? is an optional, got '${type.name}'`, value);
    };
    const unified = (types: readonly LibraryType[]): LibraryType =>
      types.reduce((all, type) => all.unify(checker.registry, type) ?? checker.dynType);
    if (node.op === 'list') return checker.registry.getListType(unified(node.args.map(typeOf)));
    const pairs = node.args as [LibraryNode, LibraryNode][];
    return checker.registry.getMapType(
      unified(pairs.map(([key]) => checker.check(key, scope))),
      unified(pairs.map(([, value]) => typeOf(value))),
    );
  });
}

/**
 * Prepares a parsed tree for the check; answers which entries are optional.
 *
 * @param types of constants by name
 * @throws ExpressionError where a macro is not given a name
 */
export function prepareTree(
  root: LibraryNode,
  source: PreparedSource,
  types: ReadonlyMap<string, string>,
): OptionalEntries {
  const optional = new Set<LibraryNode>();
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!prepareNode(node, source, types)) continue;
    if (node.op === 'list' || node.op === 'map') {
      const marked = optionalEntriesOf(node, source.optionalEntries);
      for (const entry of marked) optional.add(entry);
      if (marked.length > 0) typeEntries(node, optional);
      else if (node.args.length === 0) typeEmpty(node);
    }
    open.push(...below(node));
  }
  return optional;
}
