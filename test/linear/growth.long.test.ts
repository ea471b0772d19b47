/** The harness finds what it is for, and lets pass what is linear. */
import { describe, expect, it } from 'vitest';
import { growths } from './growth.ts';

const matcher = (name: string, pattern: RegExp, atoms: readonly string[], suffixes: readonly string[] = []) => ({
  name,
  read: (text: string) => text.search(pattern),
  atoms,
  frames: suffixes.map((suffix) => ['', suffix] as const),
  most: 32 * 1024,
});

describe('the harness', () => {
  it.each([
    ['slashes in a repeated group', /boot(\/+\.?)+[^/]+/i, '/', ['boot', '']],
    ['letters in a repeated group', /^(a+)+$/, 'a', ['', '!']],
    ['two ways to read a letter', /^(a|a)*$/, 'a', ['', '!']],
  ] as const)('finds exponential work: %s', async (_name, pattern, atom, frame) => {
    const found = await growths({
      name: 'regular expression',
      read: (text) => text.search(pattern),
      atoms: [atom],
      frames: [frame],
      most: 64,
    });
    expect(found.map(({ kind }) => kind)).toEqual(['exponential']);
  });

  it.each([
    ['adjacent digits', /^(\d+\.?\d*x)+$/, '0', ''],
    ['a lazy name before an end', /^(.+?)@(.+?)\.service$/, 'a@', '.socket'],
    ['an end that every beginning looks for', /BEGIN[\s\S]*?END/, 'BEGIN', ''],
    ['spaces around a separator', /\s*;\s*/, ' ', 'x'],
  ])('finds work that grows with the square: %s', async (_name, pattern, atom, suffix) => {
    const found = await growths(matcher('regular expression', pattern, [atom], [suffix]));
    expect(found[0]?.kind).toBe('worse than linear');
  });

  it('finds a list that is searched for each of its elements', async () => {
    const read = (text: string) => {
      const seen: number[] = [];
      for (let at = 0; at < text.length; at += 1) if (!seen.includes(at)) seen.push(at);
      return seen.length;
    };
    const found = await growths({ name: 'list', read, atoms: ['a,'] });
    expect(found.map(({ kind }) => kind)).toEqual(['worse than linear']);
  });

  it('lets linear work pass, and work that is long for every text', async () => {
    const linear = [
      matcher('letters', /^[a-z]+$/, ['a', 'a!'], ['!']),
      { name: 'JSON', read: (text: string) => JSON.parse(`[${text}0]`) as unknown, atoms: ['1,', '"a",'] },
      {
        name: 'a long computation',
        read: () => Array.from({ length: 300_000 }, (_, index) => Math.sqrt(index)).length,
        atoms: ['a'],
      },
    ];
    for (const reader of linear) expect(await growths(reader, true)).toEqual([]);
  });
});
