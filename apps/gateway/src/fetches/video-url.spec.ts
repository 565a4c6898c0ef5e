import { describe, expect, it } from '@jest/globals';
import { SecretBox } from '@nightjar/auth';
import { parseUrlSubmission, VideoUrls } from './video-url.js';

const url = 'https://media.example/clip.mp4?signature=secret';
const box = new SecretBox(Buffer.alloc(32, 7).toString('base64'));
const checks = (found: 'allowed' | 'refused' | 'unknown') => ({ check: async () => found });

describe('the URL of a video', () => {
  it('is read with its webhook, unknown fields left aside', () => {
    expect(parseUrlSubmission({ video_url: url, webhook: { url }, later_field: 1 })).toEqual({ video_url: url, webhook: { url } });
  });

  it('that is refused is not repeated', () => {
    for (const wrong of ['ftp://media.example/?signature=secret', 'http://user:secret@media.example/', 'not a secret URL'])
      expect(() => parseUrlSubmission({ video_url: wrong })).toThrow(
        expect.objectContaining({ code: 'unprocessable', message: expect.not.stringContaining('secret'), details: expect.anything() }),
      );
  });

  it('opens for its own job only', () => {
    const urls = new VideoUrls({ enabled: true, box, checks: checks('allowed') });
    const sealed = urls.seal(url, 'video_1');
    expect(Buffer.from(sealed).includes('signature')).toBe(false);
    expect(urls.open(sealed, 'video_1')).toBe(url);
    expect(() => urls.open(sealed, 'video_2')).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it.each([
    ['NIGHTJAR_URL_SUBMIT', { enabled: false, box, checks: checks('allowed') }],
    ['NIGHTJAR_SECRET_KEY', { enabled: true, box: undefined, checks: checks('allowed') }],
    ['NIGHTJAR_URL_SUBMIT_NETWORKS', { enabled: true, box, checks: checks('refused') }],
  ])('is refused with the setting that an operator could change: %s', async (setting, options) => {
    await expect(new VideoUrls(options).accept(url)).rejects.toMatchObject({
      code: 'unprocessable',
      message: expect.stringContaining(setting),
    });
  });

  it('is taken when its name is not known yet', async () => {
    await new VideoUrls({ enabled: true, box, checks: checks('unknown') }).accept(url);
  });
});
