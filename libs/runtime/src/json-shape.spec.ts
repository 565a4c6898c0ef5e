import { describe, expect, it } from '@jest/globals';
import { checkJsonShape } from './json-shape.js';

const limits = { levels: 4, containers: 6, texts: 8, commas: 10 };
const check = (text: string) => {
  try {
    checkJsonShape(Buffer.from(text), limits);
    return 'passes';
  } catch (error) {
    return (error as Error).message;
  }
};
const long = 'x'.repeat(100);

describe('checkJsonShape', () => {
  it.each([
    ['an empty text', ''],
    ['as deep as may be', '[[[[1]]]]'],
    ['as many containers as may be', '[[],[],{},[],[]]'],
    ['as many values as may be', '[1,2,3,4,5,6,7,8,9,10,11]'],
    ['brackets and commas inside texts', `{"a":"[[[[[[[[{{{{{,,,,,,,,,,,,"}`],
    ['brackets inside a long text', `{"a":"${'[,{'.repeat(100)}"}`],
    ['an escaped quote in a short text', '["\\"[[[[[[[["]'],
    ['an escaped quote in a long text', `["${long}\\"[[[[[[[["]`],
    ['an escape right where the native search begins', `["${'x'.repeat(22)}\\"[[[[[[[["]`],
    ['an escape one byte before', `["${'x'.repeat(21)}\\"[[[[[[[["]`],
    ['a text that never ends', `["${long}`],
    ['what is no JSON at all', 'task=person'],
  ])('lets pass %s', (_what, text) => {
    expect(check(text)).toBe('passes');
  });

  it.each([
    ['levels', '[[[[[1]]]]]', 'the JSON body is nested deeper than 4 levels'],
    ['levels of objects', '{"a":{"a":{"a":{"a":{}}}}}', 'the JSON body is nested deeper than 4 levels'],
    ['levels that are never closed', '['.repeat(1_000), 'the JSON body is nested deeper than 4 levels'],
    ['containers', '[[],[],{},[],[],[]]', 'the JSON body has more than 6 arrays and objects'],
    ['texts', '["","","","","","","","",""]', 'the JSON body has more than 8 texts'],
    ['names of fields', '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}', 'the JSON body has more than 8 texts'],
    ['values', '[1,2,3,4,5,6,7,8,9,10,11,12]', 'the JSON body has more than 10 values'],
    ['levels behind a text that ends with an escaped backslash', '["\\\\",[[[[1]]]]]', 'the JSON body is nested deeper than 4 levels'],
    ['levels behind a long one that does', `["${long}\\\\",[[[[1]]]]]`, 'the JSON body is nested deeper than 4 levels'],
    [
      'levels behind backslashes around the place where the native search begins',
      `["${'x'.repeat(20)}\\\\\\\\",[[[[1]]]]]`,
      'the JSON body is nested deeper than 4 levels',
    ],
  ])('refuses too many %s', (_what, text, message) => {
    expect(check(text)).toBe(message);
  });

  it('agrees with the parser about where texts end, for every run of backslashes at every place', () => {
    for (let length = 0; length < 60; length++) {
      for (let backslashes = 0; backslashes < 6; backslashes++) {
        const value = 'x'.repeat(length) + '\\'.repeat(backslashes) + '"[[[[[';
        expect(JSON.parse(JSON.stringify([value]))).toEqual([value]);
        expect(check(JSON.stringify([value]))).toBe('passes');
        expect(check(`[${JSON.stringify('x'.repeat(length) + '\\'.repeat(backslashes))},[[[[`)).toBe(
          'the JSON body is nested deeper than 4 levels',
        );
      }
    }
  });

  it('tells where long texts stand', () => {
    const text = `{"short":"x","long":"${'x'.repeat(20_000)}","after":1}`;
    const [found, ...others] = checkJsonShape(Buffer.from(text), limits);
    expect(others).toEqual([]);
    expect(text.slice(found!.openingQuote, found!.closingQuote + 1)).toBe(`"${'x'.repeat(20_000)}"`);
    expect(checkJsonShape(Buffer.from(`["${'x'.repeat(20_000)}`), limits)).toEqual([]);
  });
});
