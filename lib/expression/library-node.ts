/**
 * The library's tree as this folder uses it: more than its declarations say (a node's hooks and its checked type), so it stands in one
 * place, and the version is pinned. Pure; any thread.
 */
import type { SourceRange } from '@marcbachmann/cel-js';

/** A type as the library's checker has it. */
export interface LibraryType {
  readonly kind: string;
  readonly name: string;
  readonly hasDynType: boolean;
  readonly valueType?: LibraryType;
  readonly keyType?: LibraryType;
  unify(registry: unknown, other: LibraryType): LibraryType | null;
}

/** What names are known at a place of the text. */
export interface LibraryScope {
  forkWithVariable(name: string, type: LibraryType): LibraryScope;
}

export interface LibraryChecker {
  readonly registry: {
    getListType(of: LibraryType): LibraryType;
    getMapType(key: LibraryType, value: LibraryType): LibraryType;
    getOptionalType(of: LibraryType): LibraryType;
  };
  readonly dynType: LibraryType;
  check(node: LibraryNode, scope: LibraryScope): LibraryType;
  getType(name: string): LibraryType;
  createError(code: string, message: string, node: LibraryNode): Error;
}

type Typing = (checker: LibraryChecker, scope: LibraryScope) => LibraryType;

export interface LibraryNode {
  readonly op: string;
  // biome-ignore lint/suspicious/noExplicitAny: what it holds depends on `op`; translate.ts reads it by that
  args: any;
  readonly pos: number;
  readonly start: number;
  readonly end: number;
  readonly checkedType?: LibraryType;
  /** The library's own typing of the node stands here. */
  readonly meta: { check(checker: LibraryChecker, node: LibraryNode, scope: LibraryScope): LibraryType };
  setMeta(key: string, value: unknown): LibraryNode;
}

/** Has a node typed by a function of ours instead of the library's. */
export function typedBy(node: LibraryNode, typing: Typing): void {
  node.setMeta('alternate', undefined);
  node.setMeta('macro', {
    typeCheck: (checker: LibraryChecker, _: unknown, scope: LibraryScope) => typing(checker, scope),
  });
}

/** Where an error of the library is, and what it says. */
export interface LibraryFault {
  readonly code: string;
  readonly summary: string;
  readonly range?: SourceRange;
  readonly node?: LibraryNode;
}
