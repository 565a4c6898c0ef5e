import { describe, expect, it } from '@jest/globals';
import { WordPieces } from './word-pieces.js';

const json = JSON.stringify({
  model: { type: 'WordPiece', vocab: { '[PAD]': 0, '[SEP]': 1, a: 2, dog: 3, '##s': 4, '.': 5 } },
  added_tokens: [{ id: 6, content: '[DEC]' }],
});

describe('WordPieces', () => {
  it('joins pieces to words and leaves marks out', () => {
    expect(WordPieces.parse(json).decode([6, 2, 3, 4, 5, 1])).toBe('a dogs.');
  });

  it('reads a vocab.txt, too', () => {
    const words = WordPieces.parse('[PAD]\na\ncat\n');
    expect(words.decode([1, 2])).toBe('a cat');
    expect(words.idOf('cat')).toBe(2);
    expect(words.size).toBe(3);
  });

  it('knows only what it was told: ids and words of prototypes are none', () => {
    const words = WordPieces.parse(json);
    expect(words.decode([99, 2])).toBe('a');
    expect(words.idOf('constructor')).toBeUndefined();
  });

  it.each([['{"model":{}}'], ['{not json'], ['']])('refuses %s', (text) => {
    expect(() => WordPieces.parse(text)).toThrow();
  });
});
