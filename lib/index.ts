export type { Diagnostic } from './plan/diagnostic.js';
export type * from './plan/document.js';
