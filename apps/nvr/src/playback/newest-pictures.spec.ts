import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { noPicture } from './newest-pictures.js';

describe('a newest picture that could not be read', () => {
  it('is none where its file is gone', () => {
    expect(noPicture(new AppError('not_found', 'nothing is recorded then'))).toBeUndefined();
  });

  it.each([
    ['our reader', new AppError('cancelled', 'the picture is not wanted any more')],
    ['a deadline', new DOMException('the operation timed out', 'TimeoutError')],
    ['a file', new DOMException('this operation was aborted', 'AbortError')],
  ])('that took too long is to be asked for again, as %s says it: the caller did not hang up', (_who, cause) => {
    expect(() => noPicture(cause)).toThrow(expect.objectContaining({ code: 'unavailable', retryAfterMs: 2_000, cause }));
  });

  it('for another reason says which', () => {
    const busy = new AppError('overloaded', 'too many pictures are made');
    expect(() => noPicture(busy)).toThrow(busy);
  });
});
