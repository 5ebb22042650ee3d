import { readRepository } from './fences.js';

/** Text outside of fenced blocks, whose brackets are code. */
export const proseOf = (path: string): string => readRepository(path).replaceAll(/^```.*?^```$/gms, '');

/** The names by which GitHub and npm let a heading be linked to; headings of one text are numbered. */
export function anchorsOf(document: string): Set<string> {
  const seen = new Map<string, number>();
  const names = [...proseOf(document).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
    const name = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}-${before}`;
  });
  const written = [...proseOf(document).matchAll(/<a (?:id|name)="([^"]+)"/g)].map((match) => match[1] as string);
  return new Set([...names, ...written]);
}
