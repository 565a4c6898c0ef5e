import { describe, expect, it } from '@jest/globals';
import { parseRemoteUrl } from './remote-url.js';

const refusal = (text: string) => {
  try {
    return parseRemoteUrl(text);
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('parseRemoteUrl', () => {
  it.each([
    ['http://example.org', { origin: 'http://example.org', host: 'example.org', port: 80, path: '/' }],
    ['HTTPS://Example.ORG/a%20b?c=d#e', { origin: 'https://example.org', host: 'example.org', port: 443, path: '/a%20b?c=d' }],
    ['http://example.org:8080/x', { origin: 'http://example.org:8080', host: 'example.org', port: 8080, path: '/x' }],
    ['https://example.org:443/x', { origin: 'https://example.org', host: 'example.org', port: 443, path: '/x' }],
    ['http://192.0.2.1/x', { origin: 'http://192.0.2.1', host: '192.0.2.1', port: 80, path: '/x' }],
    ['http://[2001:DB8::1]:8080/x', { origin: 'http://[2001:db8::1]:8080', host: '2001:db8::1', port: 8080, path: '/x' }],
    ['http://ip_camera/x', { origin: 'http://ip_camera', host: 'ip_camera', port: 80, path: '/x' }],
    ['http://xn--bcher-kva.example/', { origin: 'http://xn--bcher-kva.example', host: 'xn--bcher-kva.example', port: 80, path: '/' }],
    ['http://example.org/../../a', { origin: 'http://example.org', host: 'example.org', port: 80, path: '/a' }],
    ['http://example.org?a=@b', { origin: 'http://example.org', host: 'example.org', port: 80, path: '/?a=@b' }],
  ])('reads %s', (text, expected) => expect(parseRemoteUrl(text)).toEqual(expected));

  it('T11 (CVE-2024-32874): looks at the length before anything else', () => {
    expect(refusal(`http://example.org/${'a'.repeat(2_048)}`)).toBe('invalid_argument');
    expect(refusal(`http://${'ﷺ'.repeat(5_000_000)}/`)).toBe('invalid_argument');
    expect(parseRemoteUrl(`http://example.org/${'a'.repeat(2_048 - 19)}`).path).toHaveLength(2_048 - 18);
  });

  it.each([
    ...['', 'http', 'http:', 'http:/', 'http://', 'http:///', 'http:///etc/passwd', 'http:example.org', '//example.org', 'example.org'],
    ...['ftp://example.org/', 'file:///etc/passwd', 'gopher://127.0.0.1:6379/_INFO', 'data:image/png;base64,AAAA', 'httpx://example.org/'],
    ...[
      'unix:///run/docker.sock',
      'blob:http://example.org/x',
      'view-source:http://example.org/',
      'jar:http://example.org!/',
      ' http://a/',
    ],
    ...['http://user@example.org/', 'http://user:secret@example.org/', 'http://@example.org/', 'http://:@example.org/', 'http://a@b@c/'],
    ...[
      'http://example.org:/',
      'http://example.org:0/',
      'http://example.org:00080/',
      'http://example.org:65536/',
      'http://example.org:99999/',
    ],
    ...[
      'http://example.org:8O/',
      'http://example.org:80:80/',
      'http://example.org:-80/',
      'http://example.org:+80/',
      'http://example.org:0x50/',
    ],
    ...['http://example.org./', 'http://example.org../', 'http://.example.org/', 'http://exa..mple.org/', 'http://./', 'http://../'],
    ...[
      'http://exa mple.org/',
      'http://example.org/a b',
      'http://example.org/\r\nHost: b',
      'http://exam\tple.org/',
      'http://example.org/\0',
    ],
    ...[
      'http://example.org\\@127.0.0.1/',
      'http:\\\\example.org/',
      'http://example.org\\/',
      'http://example.org/a\\b',
      '\thttp://example.org/',
    ],
    ...['http://bücher.example/', 'http://ｅxample.org/', 'http://example。org/', 'http://exam­ple.org/', 'http://example.org/é'],
    ...['http://%65xample.org/', 'http://example.org%00/', 'http://example.org%2f@b/', 'http://[::1%25lo]/', 'http://[fe80::1%lo]/'],
    ...[
      'http://[::1/',
      'http://::1/',
      'http://[]/',
      'http://[::1]]/',
      'http://[[::1]]/',
      'http://[127.0.0.1]/',
      'http://[1.2.3]/',
      'http://[::g]/',
    ],
    ...['http://-example.org/', 'http://example-.org/', `http://${'a'.repeat(64)}.org/`, `http://${'a.'.repeat(127)}org/`, 'http://xn--/'],
    ...[
      'http://127.1/',
      'http://0177.0.0.1/',
      'http://0x7f.1/',
      'http://2130706433/',
      'http://1.2.3.4.5/',
      'http://256.1.1.1/',
      'http://a.1/',
    ],
    ...[
      'http://$HOME/',
      'http://{a}/',
      'http://a,b/',
      'http://a;b/',
      'http://a&b/',
      'http://a|b/',
      'http://"a"/',
      "http://'a'/",
      'http://*/',
    ],
  ])('T19: refuses %j', (text) => {
    expect(refusal(text)).toBe('invalid_argument');
  });

  it('never repeats the URL it refuses', () => {
    const text = 'http://user:hunter2@db.internal/';
    expect(() => parseRemoteUrl(text)).toThrow(/^this URL is not allowed: it names a user$/);
  });
});
