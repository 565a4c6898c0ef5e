import { describe, expect, it } from '@jest/globals';
import { readUploadMetadata } from './upload-metadata.js';

describe('the metadata of an upload', () => {
  it('names the job that it will be', () => {
    expect(
      readUploadMetadata({
        filename: 'a.mp4',
        max_processing_time: '60',
        webhook_url: 'https://example.org/',
        webhook_secret: 's',
        other: 'x',
      }),
    ).toEqual({ filename: 'a.mp4', maxProcessingSeconds: 60, webhook: { url: 'https://example.org/', secret: 's' } });
  });

  it.each([[undefined], [{}], [{ filename: null, webhook_url: null, other: 'x' }]])('may say nothing: %j', (metadata) => {
    expect(readUploadMetadata(metadata as Record<string, string | null> | undefined)).toEqual({
      filename: undefined,
      maxProcessingSeconds: undefined,
      webhook: undefined,
    });
  });

  it.each<[Record<string, string>, string]>([
    [{ max_processing_time: '-1' }, 'invalid_argument'],
    [{ max_processing_time: 'soon' }, 'invalid_argument'],
    [{ filename: 'x'.repeat(256) }, 'invalid_argument'],
    [{ webhook_secret: 's' }, 'unprocessable'],
  ])('is refused when it is %j', (metadata, code) => {
    expect(() => readUploadMetadata(metadata)).toThrow(expect.objectContaining({ code }));
  });
});
