import { describe, expect, it } from '@jest/globals';
import { languageOf } from './language-of.js';

describe('languageOf', () => {
  it.each([
    ['NO PARKING', 'en'],
    ['GM 125', 'en'],
    ['停车场 A2', 'zh'],
    ['東京タワー', 'ja'],
    ['서울', 'ko'],
    ['СТОП', 'ru'],
    ['2026-11-22 05:31:07', 'und'],
    ['', 'und'],
  ])('%s is %s', (text, code) => {
    expect(languageOf(text)).toBe(code);
  });
});
