import { describe, expect, it } from '@jest/globals';
import { downloadHeaders, readDownloadAnswer, type HeldBeginning } from './download-answer.js';

const nothing: HeldBeginning = { bytes: 0, etag: null };
const held: HeldBeginning = { bytes: 100, etag: '"v1"' };
const bytesMax = 1_000;
const read = (status: number, headers: Record<string, string | string[]> = {}, wanted = { held, bytesMax }) =>
  readDownloadAnswer({ status, headers }, wanted);

describe('a download', () => {
  it('asks for the rest only of what it can recognise', () => {
    expect(downloadHeaders(held)).toMatchObject({ range: 'bytes=100-', 'if-range': '"v1"' });
    for (const beginning of [nothing, { bytes: 100, etag: null }]) expect(downloadHeaders(beginning)).not.toHaveProperty('range');
  });

  it('goes on where the server goes on', () => {
    expect(read(206, { 'content-range': 'bytes 100-299/300', etag: '"v1"' })).toEqual({
      kind: 'body',
      startsAtBytes: 100,
      totalBytes: 300,
      etag: '"v1"',
    });
    expect(read(206, { 'content-range': 'bytes 100-299/*' })).toMatchObject({ startsAtBytes: 100, totalBytes: undefined });
  });

  it('begins anew with a server that gives all of it', () => {
    expect(read(200, { 'content-length': '300', etag: '"v2"' })).toEqual({ kind: 'body', startsAtBytes: 0, totalBytes: 300, etag: '"v2"' });
  });

  it.each<[number, Record<string, string>]>([
    [416, {}],
    [206, { 'content-range': 'bytes 0-299/300' }],
    [206, { 'content-range': 'bytes 101-299/300' }],
    [206, { 'content-range': 'bytes 100-299/300', etag: '"v2"' }],
    [206, { 'content-range': 'bytes=100-299/300' }],
    [206, {}],
  ])('asks for all of it after %i %j', (status, headers) => {
    expect(read(status, headers)).toEqual({ kind: 'begin_anew' });
  });

  it.each(['W/"v1"', 'v1', '"a"b"', `"${'x'.repeat(201)}"`, '"ü"'])('does not take %s for a strong validator', (etag) => {
    expect(read(200, { etag })).toMatchObject({ etag: null });
  });

  it.each([301, 302, 303, 307, 308])('is sent elsewhere by %i', (status) => {
    expect(read(status, { location: '/there' })).toEqual({ kind: 'redirect', location: '/there' });
    expect(() => read(status)).toThrow(expect.objectContaining({ code: 'unprocessable' }));
  });

  it.each([
    [404, 'unprocessable'],
    [401, 'unprocessable'],
    [204, 'unprocessable'],
    [304, 'unprocessable'],
    [408, 'unavailable'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('fails with status %i as %s', (status, code) => {
    expect(() => read(status)).toThrow(expect.objectContaining({ code }));
  });

  it('that is too large is refused by what the server announces', () => {
    expect(() => read(200, { 'content-length': '1001' })).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    expect(() => read(206, { 'content-range': 'bytes 100-1000/1001' })).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    expect(() => read(206, { 'content-range': 'bytes 100-1000/*' })).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    expect(read(200, { 'content-length': '1000' })).toMatchObject({ totalBytes: 1_000 });
  });

  it('that was asked for from its beginning takes no part', () => {
    expect(() => read(206, { 'content-range': 'bytes 0-299/300' }, { held: nothing, bytesMax })).toThrow(
      expect.objectContaining({ code: 'unprocessable' }),
    );
  });
});
