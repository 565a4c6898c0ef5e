import { describe, expect, it } from '@jest/globals';
import { labelsOf } from './typed-labels.js';

describe('labels that are typed', () => {
  it('are parted by commas, without the blanks around them', () => {
    expect(labelsOf(' person,  line_crossing , two words')).toEqual(['person', 'line_crossing', 'two words']);
  });

  it.each(['', ' ', ',', ' , ,'])('are none in %p', (text) => {
    expect(labelsOf(text)).toEqual([]);
  });
});
