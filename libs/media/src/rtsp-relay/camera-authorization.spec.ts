import { describe, expect, it } from '@jest/globals';
import { CameraAuthorization } from './camera-authorization.js';

const mufasa = { username: 'Mufasa', password: 'Circle of Life' };
const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const rfc7616 = (algorithm: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';

function answer(challenges: readonly string[], { credentials = mufasa, method = 'GET', uri = '/dir/index.html' } = {}): string | undefined {
  const authorization = new CameraAuthorization(credentials, () => clientNonce);
  authorization.accept(challenges, false);
  return authorization.headerFor(method, uri);
}

describe('the answer to a camera that asks who we are', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is the one of RFC 7616, 3.9.1, with %s', (algorithm, response) => {
    const header = answer([rfc7616(algorithm)]);
    expect(header).toContain(`response="${response}"`);
    expect(header).toContain('nc=00000001');
    expect(header).toContain('qop=auth, ');
  });

  it('is the one of RFC 2069 where no quality is offered', () => {
    // Made with md5sum: md5("Mufasa:testrealm@host.com:CircleOfLife") and so on; the erratum to RFC 2069 gives the same.
    const header = answer(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'], {
      credentials: { username: 'Mufasa', password: 'CircleOfLife' },
    });
    expect(header).toContain('response="1949323746fe6a43ef61f9606e7febea"');
    expect(header).not.toMatch(/qop|nc=|cnonce|algorithm/);
  });

  it('is Basic where nothing better is offered', () => {
    expect(answer(['Basic realm="cam"'])).toBe(`Basic ${Buffer.from('Mufasa:Circle of Life').toString('base64')}`);
  });

  it('takes the strongest of several, in one header or in many', () => {
    expect(answer(['Basic realm="cam"', rfc7616('MD5'), rfc7616('SHA-256')])).toContain('algorithm=SHA-256');
    expect(answer(['Basic realm="cam", Digest realm="cam", nonce="1"'])).toMatch(/^Digest /);
  });

  it('counts up with each request under one nonce', () => {
    const authorization = new CameraAuthorization(mufasa, () => clientNonce);
    authorization.accept([rfc7616('MD5')], false);
    authorization.headerFor('OPTIONS', 'rtsp://10.0.0.1/');
    expect(authorization.headerFor('DESCRIBE', 'rtsp://10.0.0.1/')).toContain('nc=00000002');
  });

  it('is not given before it is asked for, and not without credentials', () => {
    expect(new CameraAuthorization(mufasa).headerFor('OPTIONS', '/')).toBeUndefined();
    const open = new CameraAuthorization(undefined);
    expect([open.accept(['Basic realm="x"'], false), open.headerFor('OPTIONS', '/')]).toEqual([false, undefined]);
  });

  it('is given once: a refused answer is tried again for a stale nonce only', () => {
    const authorization = new CameraAuthorization(mufasa);
    expect(authorization.accept(['Digest realm="a", nonce="1"'], false)).toBe(true);
    expect(authorization.accept(['Digest realm="a", nonce="2"'], true)).toBe(false);
    expect(authorization.accept(['Digest realm="a", nonce="1", stale=true'], true)).toBe(false);
    expect(authorization.accept(['Digest realm="a", nonce="2", stale=TRUE'], true)).toBe(true);
  });

  it.each([
    ['', 'an empty header'],
    ['Bearer x', 'another scheme'],
    ['Digest realm="a"', 'no nonce'],
    ['Digest realm="a", nonce="1", algorithm=SHA-512-256', 'an algorithm that is not known'],
    ['Digest realm="a", nonce="1", qop="auth-int"', 'a quality that is not known'],
    [`Digest ${'a="b",'.repeat(100_000)}`, 'a header without end'],
  ])('is none for %.20p: %s', (challenge) => {
    expect(answer([challenge])).toBeUndefined();
  });

  it('stays inside its quotes', () => {
    const header = answer(['Digest realm="a\r\nX: y", nonce="1"'], { credentials: { username: 'a"b\\c', password: 'p' } });
    expect(header ?? '').not.toContain('\n');
    expect(answer(['Digest realm="a", nonce="1"'], { credentials: { username: 'a"b\\c', password: 'p' } })).toContain(
      'username="a\\"b\\\\c"',
    );
  });
});
