import { describe, expect, it } from '@jest/globals';
import { AppError, FakeClock } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { asLuna, lunaErrors, renderLunaError } from './luna-errors.js';
import { idOfAnswer, lunaRequestId } from './luna-request-id.js';

const clock = new FakeClock(1_536_751_345_678);
const documented = /^[0-9]{10},[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;
const request = { headers: {}, raw: {} } as FastifyRequest;

describe('the request id', () => {
  it('is made in the documented form when there is none', () => {
    expect(lunaRequestId(undefined, clock)).toMatch(documented);
    expect(lunaRequestId(undefined, clock)).toMatch(/^1536751345,/);
  });

  it('is the caller’s own when it is printable and short', () => {
    expect(lunaRequestId('1536751345,8b8b5937-2e9c-4e8b-a7a7-5caf86621b5a', clock)).toBe('1536751345,8b8b5937-2e9c-4e8b-a7a7-5caf86621b5a');
    expect(lunaRequestId('my own id', clock)).toBe('my own id');
  });

  it('is replaced when it could break a log or a header', () => {
    for (const given of ['', 'x'.repeat(129), 'a\tb', 'ü', ['a', 'b']]) expect(lunaRequestId(given, clock)).toMatch(documented);
  });
});

describe('error bodies', () => {
  it('come with the request id that the answer has anyway, and with one where nobody has put it on yet', () => {
    const error = new AppError('invalid_argument', 'not a valid URL');
    const known = { headers: {}, raw: {} } as FastifyRequest;
    const id = idOfAnswer(known, clock);
    expect(id).toMatch(documented);
    expect(renderLunaError(error, known).headers).toEqual({ 'Luna-Request-Id': id });
    const early = { headers: { 'luna-request-id': 'mine' }, raw: {} } as unknown as FastifyRequest;
    expect(renderLunaError(error, early).headers).toEqual({ 'Luna-Request-Id': 'mine' });
  });

  it('have the documented four fields', () => {
    const { body } = renderLunaError(new AppError('not_found', 'Cannot GET /nope'), request);
    expect(body).toEqual({ error_code: 12013, desc: 'Resource not found', detail: 'Cannot GET /nope', link: '/docs/errors#code-12013' });
  });

  it('carry the exact code where one was given', () => {
    const error = new AppError('invalid_argument', 'stream_id is missing', {
      details: asLuna(lunaErrors.parametersMissing, 'Required parameters stream_id not found'),
    });
    expect(renderLunaError(error, request).body).toMatchObject({ error_code: 12014, detail: 'Required parameters stream_id not found' });
  });

  it('never have a documented code for what is not documented', () => {
    expect(renderLunaError(new AppError('unauthenticated', 'Not authenticated'), request).body).toMatchObject({ error_code: 401 });
    expect(renderLunaError(new AppError('unavailable', 'the bus is away'), request).body).toMatchObject({ error_code: 1 });
    expect(renderLunaError(new AppError('conflict', 'not now'), request).body).toMatchObject({ error_code: 409, desc: 'Conflict' });
  });

  it('of a body tell whether there was none, whether it was no JSON, and of another type, which is 400 here', () => {
    const caused = (code: AppError['code'], fastifyCode: string) =>
      renderLunaError(new AppError(code, 'said', { cause: new Error('Nest', { cause: { code: fastifyCode } }) }), request);
    expect(caused('invalid_argument', 'FST_ERR_CTP_EMPTY_JSON_BODY').body).toMatchObject({ error_code: 12030 });
    expect(caused('invalid_argument', 'FST_ERR_CTP_INVALID_JSON_BODY').body).toMatchObject({ error_code: 12027 });
    expect(caused('unsupported_media_type', 'FST_ERR_CTP_INVALID_MEDIA_TYPE')).toMatchObject({
      httpStatus: 400,
      body: { error_code: 12017 },
    });
  });
});
