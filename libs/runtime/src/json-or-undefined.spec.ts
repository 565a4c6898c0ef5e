import { expect, it } from '@jest/globals';
import { jsonOrUndefined } from './json-or-undefined.js';

it('tells a text that is no JSON from one that says null', () => {
  expect([jsonOrUndefined('{"a":1}'), jsonOrUndefined(Buffer.from('null')), jsonOrUndefined('{"a":')]).toEqual([{ a: 1 }, null, undefined]);
});
