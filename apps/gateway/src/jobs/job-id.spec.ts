import { describe, expect, it } from '@jest/globals';
import { JobId } from '@nightjar/contracts';
import { createJobId, mediaTypeOf } from './job-id.js';

describe('a job id', () => {
  it('is a UUIDv7 behind the word for its media type', () => {
    for (const [mediaType, prefix] of [
      ['video', 'video_'],
      ['image', 'image_batch_'],
    ] as const) {
      const id = createJobId(mediaType, Date.now());
      expect(JobId.safeParse(id).success).toBe(true);
      expect(id.startsWith(prefix)).toBe(true);
      expect(mediaTypeOf(id)).toBe(mediaType);
    }
  });

  it('holds its millisecond, so that ids sort by time', () => {
    expect(createJobId('video', 0x0123456789ab)).toMatch(/^video_01234567-89ab-7/);
    const ids = [5, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1].map((unixMs) => createJobId('video', unixMs));
    expect([...ids].sort()).toEqual(ids);
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => createJobId('video', 1))).size).toBe(1_000);
  });
});
