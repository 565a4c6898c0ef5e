import { describe, expect, it } from '@jest/globals';
import { ErrorCode } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { failureEnvelope, outcomeOf } from './contract-errors.js';
import { FailureEnvelope } from './contract-messages.js';

describe('failureEnvelope', () => {
  it.each(ErrorCode.options)('says %s as the contract has it, and when to come back only where that helps', (code) => {
    const error = new AppError(code, 'what happened', { retryAfterMs: 250.4, details: { field: 'x' } });
    const envelope = FailureEnvelope.parse(failureEnvelope(error));
    expect(envelope.error).toMatchObject({ message: 'what happened', transient: error.retryable, details: { field: 'x' } });
    expect(envelope.error.retry_after_ms).toBe(error.retryable ? 250 : undefined);
    expect(FailureEnvelope.parse(failureEnvelope(new AppError(code, ''))).error.retry_after_ms).toBe(error.retryable ? 1_000 : undefined);
    expect(['model_error', 'provider_error', 'transport_error', 'refused']).toContain(outcomeOf(error));
  });

  it('tells a missing credential from a wrong one, and shows no detail of that', () => {
    const envelope = (auth: string) => failureEnvelope(new AppError('unauthenticated', 'no', { details: { auth } })).error;
    expect(envelope('auth_missing')).toMatchObject({ category: 'permission_denied', code: 'auth_missing', details: {} });
    expect(envelope('auth_invalid')).toMatchObject({ category: 'permission_denied', code: 'auth_invalid', details: {} });
  });

  it('tells missing weights from a provider that is away, in the metrics too', () => {
    const error = new AppError('unavailable', 'no detector is available', { retryAfterMs: 5_000, details: { weights: 'missing' } });
    expect(FailureEnvelope.parse(failureEnvelope(error)).error).toEqual({
      category: 'model_error',
      code: 'weights_missing',
      message: 'no detector is available',
      transient: true,
      retry_after_ms: 5_000,
      details: {},
    });
    expect(outcomeOf(error)).toBe('model_error');
  });

  it('never shows what caused it', () => {
    const error = new AppError('internal', 'internal error', { cause: new Error('/secret/path') });
    expect(JSON.stringify(failureEnvelope(error))).not.toContain('secret');
  });
});
