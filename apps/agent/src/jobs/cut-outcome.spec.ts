import { describe, expect, it } from '@jest/globals';
import { FinishedOutcome, outcomePartCharactersMax, outcomePartsMax } from '@nightjar/contracts';
import { cutOutcome } from './cut-outcome.js';

const outcomeWith = (text: string): FinishedOutcome => ({
  state: 'finished',
  media_type: 'video',
  duration_seconds: 1,
  result: {
    raw_scenes: [],
    frame_activity_diffs: [],
    person_constellation_scenes: [],
    ocr_results: [{ language_code: 'en', full_text: text, time_segment: { start_seconds: 0, end_seconds: 1 } }],
    sections: [],
  },
});

describe('an outcome', () => {
  it('that fits into a message stays whole', () => {
    expect(cutOutcome(outcomeWith('x'.repeat(500 * 1024)))).toBeUndefined();
  });

  it('that does not is cut into pieces that do, escaped as they are sent', () => {
    // Backslashes and quotes are what grows most when text is put into JSON once more.
    const pieces = cutOutcome(outcomeWith('\\"'.repeat(200 * 1024))) ?? [];
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(Buffer.byteLength(JSON.stringify({ text: piece }))).toBeLessThan(1024 ** 2 - 4_096);
  });

  it('is the same when its pieces are put together, wherever they were cut', () => {
    for (let shift = 0; shift < 4; shift++) {
      const outcome = outcomeWith('.'.repeat(shift) + '😀é'.repeat(150_000));
      const bytes = (cutOutcome(outcome) ?? []).map((piece) => Buffer.from(JSON.parse(JSON.stringify(piece)) as string, 'utf8'));
      expect(bytes.length).toBeGreaterThan(1);
      expect(JSON.parse(Buffer.concat(bytes).toString('utf8'))).toEqual(outcome);
    }
  });

  it('that has more pieces than the gateway takes is refused', () => {
    expect(() => cutOutcome(outcomeWith('x'.repeat(outcomePartsMax * outcomePartCharactersMax)))).toThrow(
      expect.objectContaining({ code: 'payload_too_large' }),
    );
  });
});
