import { describe, expect, it } from '@jest/globals';
import { decodeImage, parseImageBatch } from './image-batch.js';

describe('an image batch', () => {
  it('is read as the documentation shows it, unknown fields left aside', () => {
    const images = [{ external_id: 'a', data_base64: 'AAAA' }, { external_id: null, data_base64: 'AAAA' }, { data_base64: 'AAAA' }];
    expect(parseImageBatch({ images, later_field: true })).toEqual({ images });
  });

  it('says which field is wrong', () => {
    const read = () =>
      parseImageBatch({
        images: [
          { external_id: 'a', data_base64: 'AAAA' },
          { external_id: 'a', data_base64: 'AAAA' },
        ],
      });
    expect(read).toThrow(
      expect.objectContaining({
        code: 'unprocessable',
        details: { issues: [{ path: 'images.1.external_id', message: 'is used twice in this batch' }] },
      }),
    );
  });

  it('treats names that objects bring along as plain text', () => {
    const images = [
      { external_id: '__proto__', data_base64: 'AAAA' },
      { external_id: 'constructor', data_base64: 'AAAA' },
    ];
    expect(parseImageBatch({ images }).images).toHaveLength(2);
  });

  it.each([null, undefined, 'text', 7, [], {}])('is refused when it is %j', (body) => {
    expect(() => parseImageBatch(body)).toThrow(expect.objectContaining({ code: 'unprocessable' }));
  });
});

describe('the data of an image', () => {
  it.each(['AA==', 'AAA=', 'AAAA', 'AA', 'AAA', '+/+/'])('%s is base64', (text) => {
    expect(decodeImage(text)).toEqual({ bytes: Buffer.from(text, 'base64') });
  });

  it.each([
    ['A', 'invalid_base64'],
    ['AAAAA', 'invalid_base64'],
    ['AA=', 'invalid_base64'],
    ['AAAA=', 'invalid_base64'],
    ['A===', 'invalid_base64'],
    ['=', 'invalid_base64'],
    ['AA==AA==', 'invalid_base64'],
    ['AA\nAA', 'invalid_base64'],
    ['AAAA\n', 'invalid_base64'],
    ['-_-_', 'invalid_base64'],
    ['ÄAAA', 'invalid_base64'],
    ['data:image/jpeg;base64,AAAA', 'data_uri'],
    ['DATA:,x', 'data_uri'],
    ['', 'image_empty'],
  ])('%j is refused as %s', (text, code) => {
    expect(decodeImage(text)).toEqual({ error: expect.objectContaining({ code }) });
  });

  it('has at most 20 MiB', () => {
    const largest = Buffer.alloc(20 * 1024 ** 2).toString('base64');
    expect(decodeImage(largest)).toHaveProperty('bytes.length', 20 * 1024 ** 2);
    expect(decodeImage(Buffer.alloc(20 * 1024 ** 2 + 1).toString('base64'))).toEqual({
      error: expect.objectContaining({ code: 'image_too_large' }),
    });
    expect(decodeImage(`${largest}AAAA`)).toEqual({ error: expect.objectContaining({ code: 'image_too_large' }) });
  });
});
