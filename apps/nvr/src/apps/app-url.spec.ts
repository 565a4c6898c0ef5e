import { describe, expect, it } from '@jest/globals';
import { parseNetwork } from '@nightjar/outbound';
import { AppAddressPolicy, readAppUrl } from './app-url.js';

describe('the address of an app', () => {
  it.each([
    ['http://127.0.0.1:9200/', 'http://127.0.0.1:9200'],
    ['http://192.168.1.7:9200/app/?x=1', 'http://192.168.1.7:9200/app'],
    ['http://loitering:9200', 'http://loitering:9200'],
    ['http://[fd00::1]:9200', 'http://[fd00::1]:9200'],
  ])('%s is one of this installation', (text, expected) => {
    expect(readAppUrl(text)).toBe(expected);
  });

  it.each([
    'http://apps.example.org/',
    'http://93.184.216.34/',
    'http://169.254.169.254/latest',
    'http://[2001:4860:4860::8888]/',
    'http://user:x@loitering/',
    'http://2130706433/',
    'file:///etc/passwd',
    'loitering',
    '',
  ])('%s is not', (text) => {
    expect(readAppUrl(text)).toBeUndefined();
  });

  it('is called only where it leads into a private network, and never on a port of our own', () => {
    const networks = ['127.0.0.0/8', '10.0.0.0/8'].map((text) => parseNetwork(text)!);
    const policy = new AppAddressPolicy({ networks, ownPorts: new Set([8000]) });
    const asked = [['10.0.0.1', 9200], ['127.0.0.1', 9200], ['127.0.0.1', 8000], ['93.184.216.34', 9200], ['169.254.169.254', 80]] as const; // prettier-ignore
    expect(asked.map(([address, port]) => policy.allowsAddress(address, port))).toEqual([true, true, false, false, false]);
  });
});
