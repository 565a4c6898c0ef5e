import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { renderError } from './render-error.js';

const requestTo = (url: string, originalUrl = url) => ({ id: 'request-1', url, originalUrl }) as FastifyRequest;
const issues = [{ path: 'name', message: 'is missing' }];
const refused = new AppError('unprocessable', 'not as described', { details: { issues, quota: 'jobs' } });

describe('the body of an error', () => {
  it.each(['/v0.2/request/images', '/v0.2', '/v0.2?a=1', '/v0.2/nothing'])('is that of the contract at %s', (url) => {
    expect(renderError(refused, requestTo(url))).toEqual({
      body: { error: { code: 'unprocessable', message: 'not as described', details: { issues, quota: 'jobs' } } },
    });
  });

  it.each(['/v1/keys?secret=1', '/v0.21/request', '/', '/v1/v0.2/'])('is a problem of RFC 9457 at %s', (url) => {
    expect(renderError(refused, requestTo(url))).toEqual({
      contentType: 'application/problem+json',
      body: {
        type: 'about:blank',
        title: 'Unprocessable Entity',
        status: 422,
        detail: 'not as described',
        instance: url.split('?')[0],
        code: 'unprocessable',
        errors: issues,
        request_id: 'request-1',
        quota: 'jobs',
      },
    });
  });

  it('lets details replace none of the members that RFC 9457 names', () => {
    const error = new AppError('conflict', 'busy', { details: { status: 'running', type: 'x' } });
    expect(renderError(error, requestTo('/v1/jobs/1')).body).toMatchObject({ status: 409, type: 'about:blank', errors: [] });
  });

  it('names the scheme that would do in a 401, and only there', () => {
    expect(renderError(new AppError('unauthenticated', 'no'), requestTo('/v1/keys')).headers).toEqual({
      'WWW-Authenticate': 'Bearer realm="nightjar"',
    });
    expect(renderError(refused, requestTo('/v1/keys')).headers).toBeUndefined();
  });
});
