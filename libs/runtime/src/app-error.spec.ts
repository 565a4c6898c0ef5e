import { describe, expect, it } from '@jest/globals';
import { ErrorCode } from '@nightjar/contracts';
import { AppError, errorBody, errorKinds, toAppError } from './app-error.js';

describe('an error', () => {
  it('has a status for every kind of the contract', () => {
    expect(Object.keys(errorKinds).sort()).toEqual([...ErrorCode.options].sort());
  });

  it('that is not ours tells the caller nothing', () => {
    const error = toAppError(new Error('password of camera 3 is hunter2'));
    expect(errorBody(error, 'r1')).toEqual({ code: 'internal', message: 'internal error', request_id: 'r1' });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each([
    [400, 'invalid_argument'],
    [404, 'not_found'],
    [413, 'payload_too_large'],
    [415, 'unsupported_media_type'],
  ] as const)('of the HTTP framework with status %i becomes %s', (statusCode, code) => {
    expect(toAppError(Object.assign(new Error('x'), { statusCode })).code).toBe(code);
  });

  it('from an aborted or late call keeps its meaning', () => {
    expect(toAppError(new DOMException('x', 'AbortError')).code).toBe('cancelled');
    expect(toAppError(new DOMException('x', 'TimeoutError')).code).toBe('deadline_exceeded');
  });

  it('of ours stays itself', () => {
    const error = new AppError('overloaded', 'busy', { retryAfterMs: 200 });
    expect(toAppError(error)).toBe(error);
    expect(error.retryable).toBe(true);
    expect(errorBody(error)).toEqual({ code: 'overloaded', message: 'busy', retry_after_ms: 200 });
  });
});
