import { describe, expect, test } from 'vitest';
import { countsOf, grownFunctions, ProfileError, parseCallgrind, risesOf } from '../../lib/bench/counts.js';

/** As callgrind 3.19 writes it: names by number, places relative to the one before, costs of calls behind `calls=`. */
const profile = (turns: number, stores = 1) => `# callgrind format
version: 1
creator: callgrind-3.19.0
cmd: byteor_plan counts
part: 1

desc: I1 cache: 32768 B, 64 B, 8-way associative
positions: line
events: Ir Dr Dw Bc D1mr D1mw

fl=(1) loop.cpp
fn=(1) turn()
10 ${2 * turns} ${turns}
cfn=(2) commit()
calls=${turns} 5
+1 ${9 * turns} ${turns} ${stores * turns}
+1 ${turns}
fn=(2)
5 ${4 * turns}
* ${5 * turns} ${turns} ${stores * turns} 0 0 0
fn=(3) commit()'2
7 ${turns}

totals: ${13 * turns} ${2 * turns} ${stores * turns} 0 0 0
`;

describe('a profile of callgrind', () => {
  test('gives totals and what each function spent itself', () => {
    const { events, totals, functions } = parseCallgrind(profile(100));
    expect(events).toEqual(['Ir', 'Dr', 'Dw', 'Bc', 'D1mr', 'D1mw']);
    expect(totals).toEqual([1300, 200, 100, 0, 0, 0]);
    expect(Object.fromEntries(functions)).toEqual({
      'turn()': [300, 100, 0, 0, 0, 0],
      'commit()': [1000, 100, 100, 0, 0, 0],
    });
  });

  test('that counted nothing is an error, not a count of 0', () => {
    expect(() => parseCallgrind(profile(0))).toThrow(ProfileError);
    expect(() => parseCallgrind('')).toThrow('callgrind counted no instruction');
  });
});

describe('counts a record', () => {
  const counted = (stores: number) =>
    countsOf(parseCallgrind(profile(100, stores)), parseCallgrind(profile(200, stores)), 100);

  test('are what the second half of the records took', () => {
    expect(counted(1).counts).toEqual({ Ir: 13, Dr: 2, Dw: 1, Bc: 0, D1mr: 0, D1mw: 0 });
  });

  test('that stayed are no rise', () => {
    expect(risesOf(counted(1).counts, counted(1).counts)).toEqual([]);
  });

  test('show one store more', () => {
    expect(risesOf(counted(1).counts, counted(2).counts)).toEqual([{ what: 'stores', before: 1, after: 2 }]);
  });

  test('that fell are no rise', () => {
    expect(risesOf(counted(2).counts, counted(1).counts)).toEqual([]);
  });

  test('without one of the events are a rise: nothing was proven', () => {
    const { Bc: _, ...rest } = counted(1).counts;
    expect(risesOf(counted(1).counts, rest).map(({ what }) => what)).toEqual(['branches']);
  });

  test('name the functions that grew', () => {
    const more = {
      counts: {},
      functions: new Map([
        ['turn()', 3],
        ['commit()', 12],
        ['new()', 1],
      ]),
    };
    expect(grownFunctions(counted(1), more)).toEqual([
      ['commit()', 2],
      ['new()', 1],
    ]);
  });
});
