#!/usr/bin/env node
/**
 * The file that `byteor` is: asks Node to keep what it compiles (Node 22 and newer, in its own folder below the system's
 * temporary one; NODE_DISABLE_COMPILE_CACHE=1 forbids it), then loads everything else.
 */
import module from 'node:module';

const { enableCompileCache } = module as { enableCompileCache?: () => unknown };
enableCompileCache?.();
// A promise, so that it comes behind the line above: imports go first.
import('./main.js');
