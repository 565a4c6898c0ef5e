import { describe, expect, it } from '@jest/globals';
import { readMatches } from './discover-devices.js';
import { findElement, findElements, parseXml } from './parse-xml.js';
import { soapMessage } from './soap-messages.js';

describe('the XML of a camera', () => {
  it('is read by local names, with attributes, entities and CDATA', () => {
    const root = parseXml(
      '<?xml version="1.0"?><!-- x --><s:A xmlns:s="u"><t:B token="a&amp;b">1 &lt; &#50;<![CDATA[<x>]]></t:B><B/></s:A>',
    );
    expect([
      root.name,
      findElement(root, 'B')?.text,
      findElement(root, 'B')?.attributes.get('token'),
      findElements(root, 'B').length,
    ]).toEqual(['A', '1 < 2<x>', 'a&b', 2]);
  });

  it.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['a bomb', `<!DOCTYPE l [<!ENTITY a "lol">${'<!ENTITY b "&a;&a;&a;">'.repeat(9)}]><l>&b;</l>`],
    ['an entity of a file', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['too many elements', `<a>${'<b/>'.repeat(10_001)}</a>`],
    ['too much depth', `${'<a>'.repeat(50)}${'</a>'.repeat(50)}`],
    ['too many characters', `<a>${'x'.repeat(600_000)}</a>`],
    ['an element without end', '<a><b></a>'],
    ['an end without begin', '</a>'],
    ['nothing', ''],
    ['text', 'hello'],
    ['a sign that begins nothing', '<a>< </a>'],
  ])('is refused with %s (T14, R29)', (_name, text) => {
    expect(() => parseXml(text)).toThrow('no XML that is read');
  });

  it('cannot be broken out of by a user name', () => {
    const sender = { credentials: { username: '"/><x>&', password: 'p' }, nonce: Buffer.alloc(16), createdUnixMs: 0 };
    expect(findElement(parseXml(soapMessage('<y/>', sender)), 'Username')?.text).toBe('"/><x>&');
  });
});

describe('an answer to who looks for cameras', () => {
  const answer = (urls: string) =>
    `<e><ProbeMatches><ProbeMatch><Scopes>onvif://www.onvif.org/name/Front%20door</Scopes><XAddrs>${urls}</XAddrs></ProbeMatch></ProbeMatches></e>`;

  it('counts for the address that it came from', () => {
    const url = 'http://10.0.0.5:8080/onvif/device_service';
    expect(readMatches(answer(`http://169.254.169.254/ ${url}`), '10.0.0.5')).toEqual([
      { address: '10.0.0.5', onvifUrl: url, name: 'Front door', hardware: null },
    ]);
    expect(readMatches(answer('http://127.0.0.1/ file:///etc/passwd'), '10.0.0.5')).toEqual([]);
    expect(readMatches('<!DOCTYPE a><a/>', '10.0.0.5')).toEqual([]);
  });
});
