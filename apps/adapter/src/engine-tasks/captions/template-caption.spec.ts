import { describe, expect, it } from '@jest/globals';
import { templateCaption } from './template-caption.js';

const picture = { width: 900, height: 600 };
const object = (label: string, left: number, size = 100) => ({
  label,
  score: 0.9,
  classId: 0,
  box: { x1: left, y1: 100, x2: left + size, y2: 100 + size },
});
const caption = (objects: ReturnType<typeof object>[], brightness = 120) => templateCaption({ objects, picture, brightness });

describe('templateCaption', () => {
  it('counts, places and names what was found, people first', () => {
    expect(caption([object('car', 10, 250), object('person', 400), object('person', 700), object('person', 750)])).toBe(
      'Three people in the middle and on the right, one car on the left; a bright scene.',
    );
  });

  it('knows plurals', () => {
    expect(
      caption([object('bus', 0), object('bus', 20), object('sheep', 400), object('sheep', 420), object('dog', 700), object('dog', 720)]),
    ).toBe('Two buses on the left, two sheep in the middle, two dogs on the right; a bright scene.');
  });

  it('says that there is nothing, and how bright it is', () => {
    expect(caption([], 20)).toBe('Nothing that could be named; a dark scene.');
    expect(caption([], 60)).toBe('Nothing that could be named; a dim scene.');
  });

  it('stays a sentence with a crowd and many kinds', () => {
    const crowd = Array.from({ length: 30 }, (_, index) => object('person', index * 29));
    expect(caption(crowd)).toBe('30 people across the picture; a bright scene.');
    const zoo = ['dog', 'cat', 'cow', 'bird', 'horse', 'bear', 'constructor'].map((label, index) => object(label, index * 100));
    expect(caption(zoo).split(',')).toHaveLength(5);
  });
});
