import { describe, expect, it } from '@jest/globals';
import { chooseExpired, type RetentionBounds, type StorageSituation } from './choose-expired.js';

const dayMs = 24 * 3_600_000;
const nowMs = 100 * dayMs;
const files = [1, 2, 3, 4].map((id) => ({ id, endsAtMs: nowMs - (10 - id) * dayMs, sizeBytes: 100 }));
const unbounded: RetentionBounds = { ageMsMax: 0, usedBytesMax: 0, freeBytesMin: 0 };
const calm: StorageSituation = { nowMs, usedBytes: 400, freeBytes: 1_000 };

function choose(bounds: Partial<RetentionBounds>, situation: Partial<StorageSituation> = {}) {
  const { expired, unmet } = chooseExpired(files, { ...calm, ...situation }, { ...unbounded, ...bounds });
  return { ids: expired.map(({ id }) => id), unmet };
}

describe('what expires', () => {
  it('is nothing without bounds, however full the disk', () => {
    expect(choose({}, { freeBytes: 0 })).toEqual({ ids: [], unmet: [] });
  });

  it('is what is older than the days, and not what is exactly as old', () => {
    expect(choose({ ageMsMax: 8 * dayMs })).toEqual({ ids: [1], unmet: [] });
    expect(choose({ ageMsMax: 9 * dayMs })).toEqual({ ids: [], unmet: [] });
  });

  it('is the oldest, until no more bytes are used than may be', () => {
    expect(choose({ usedBytesMax: 400 })).toEqual({ ids: [], unmet: [] });
    expect(choose({ usedBytesMax: 399 })).toEqual({ ids: [1], unmet: [] });
    expect(choose({ usedBytesMax: 200 })).toEqual({ ids: [1, 2], unmet: [] });
  });

  it('is the oldest, until enough of the disk is free', () => {
    expect(choose({ freeBytesMin: 1_000 })).toEqual({ ids: [], unmet: [] });
    expect(choose({ freeBytesMin: 1_101 })).toEqual({ ids: [1, 2], unmet: [] });
  });

  it('counts once for all bounds', () => {
    expect(choose({ ageMsMax: 8 * dayMs, usedBytesMax: 200, freeBytesMin: 1_050 })).toEqual({ ids: [1, 2], unmet: [] });
  });

  it('is all there is, and the bound is told, when even that is not enough', () => {
    expect(choose({ usedBytesMax: 500, freeBytesMin: 2_000 }, { usedBytes: 5_000 })).toEqual({
      ids: [1, 2, 3, 4],
      unmet: ['used_bytes', 'free_bytes'],
    });
  });

  it('is not guessed while the disk does not say how much is free', () => {
    expect(choose({ freeBytesMin: 2_000 }, { freeBytes: undefined })).toEqual({ ids: [], unmet: [] });
  });
});
