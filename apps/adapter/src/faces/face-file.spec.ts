import { describe, expect, it } from '@jest/globals';
import { decodeFaceFile, encodeFaceFile } from './face-file.js';
import { axis, knownFace } from './faces.fixture.js';

const known = [
  knownFace('a', { embedding: axis(3, 0.25), metadata: { badge: 7, text: 'line\nbreak' }, revision: 4 }),
  knownFace('__proto__', { embedding: axis(5, 0, 512), category: 'vip' }),
];
const faces = new Map(known.map((one) => [one.face.person_id, one]));
const content = await encodeFaceFile({ revision: 9, faces });
const changed = (change: (text: string) => string) => Buffer.from(change(content.toString()));

describe('a file of faces', () => {
  it('gives back what was written', () => {
    expect(decodeFaceFile(content)).toEqual({ revision: 9, faces });
  });

  it('of nobody is a file too', async () => {
    expect(decodeFaceFile(await encodeFaceFile({ revision: 3, faces: new Map() }))).toEqual({ revision: 3, faces: new Map() });
  });

  it('holds thousands, in their order', async () => {
    const many = new Map(Array.from({ length: 1_001 }, (_, index) => [`p${index}`, knownFace(`p${index}`)]));
    expect([...decodeFaceFile(await encodeFaceFile({ revision: 1, faces: many })).faces.keys()]).toEqual([...many.keys()]);
  });

  it.each([
    ['is empty', Buffer.alloc(0), 'first line'],
    ['is something else', Buffer.from('{"a":1}\n'), 'first line'],
    ['is no text', Buffer.from([0xff, 0xd8, 0xff, 0x0a]), 'first line'],
    ['was cut', content.subarray(0, content.length - 10), 'checksum'],
    ['has lost a line', changed((text) => text.split('\n').slice(0, 2).join('\n')), 'checksum'],
    ['has one other digit', changed((text) => text.replace('"revision":4', '"revision":5')), 'checksum'],
    ['is of a later program', changed((text) => text.replace('"version":1', '"version":2')), 'version 2'],
    ['claims other faces', changed((text) => text.replace('"faces":2', '"faces":3')), '2 faces instead of 3'],
  ])('is refused when it %s', (_what, damaged, reason) => {
    expect(() => decodeFaceFile(damaged)).toThrow(
      expect.objectContaining({ code: 'unprocessable', message: expect.stringContaining(reason) }),
    );
  });
});
