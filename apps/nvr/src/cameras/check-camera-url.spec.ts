import { describe, expect, it } from '@jest/globals';
import { checkCameraUrl, connectionUrl } from './check-camera-url.js';

describe('a camera URL', () => {
  it('is split from its credentials, which may be percent-encoded', () => {
    expect(checkCameraUrl('rtsp://admin:p%40ss%3A%2F@10.0.0.5:8554/stream1?profile=2')).toEqual({
      url: 'rtsp://10.0.0.5:8554/stream1?profile=2',
      host: '10.0.0.5',
      port: 8554,
      username: 'admin',
      password: 'p@ss:/',
    });
  });

  it('has the standard port of its scheme', () => {
    expect(checkCameraUrl('rtsp://cam.lan/1')).toMatchObject({ host: 'cam.lan', port: 554, username: undefined, password: undefined });
    expect(checkCameraUrl('rtsps://[fd00::1]/1')).toMatchObject({ host: 'fd00::1', port: 322 });
    expect(checkCameraUrl('http://cam.lan/video?fps=5')).toMatchObject({ port: 80, url: 'http://cam.lan/video?fps=5' });
    expect(checkCameraUrl('https://cam.lan/picture.jpg')).toMatchObject({ port: 443 });
  });

  it.each([
    ['ftp://10.0.0.5/video'],
    ['ws://10.0.0.5/video'],
    ['http:10.0.0.5/video'],
    ['file:///etc/passwd'],
    ['exec:ls'],
    ['rtsp://'],
    ['rtsp:/10.0.0.5/1'],
    ['10.0.0.5'],
    ['rtsp://10.0.0.5/a b'],
    ['rtsp://10.0.0.5/`id`'],
    ['rtsp://10.0.0.5/$(id)'],
    ['rtsp://10.0.0.5/a|b'],
    ['rtsp://10.0.0.5/a\r\nTEARDOWN'],
    ['rtsp://10.0.0.5/ü'],
    ['rtsp://10.0.0.5/#x'],
    ['rtsp://a:%ff@10.0.0.5/'],
    ['rtsp://10.0.0.5:0/1'],
    ['rtsp://%31%32%37.0.0.1/1'],
    ['rtsp://10.0.0.1%00.x/1'],
    ['rtsp://127.0.0.1./1'],
    [`rtsp://10.0.0.5/${'a'.repeat(500)}`],
  ])('may not be %p', (text) => {
    expect(checkCameraUrl(text)).toEqual({ problem: expect.any(String) });
  });
});

describe('the URL of a connection', () => {
  it('leads to the checked address and holds the credentials', () => {
    expect(connectionUrl({ url: 'rtsp://cam.lan:8554/1?a=b', address: '10.0.0.5', username: 'admin', password: 'p@ss:/$&' })).toBe(
      'rtsp://admin:p%40ss%3A%2F%24%26@10.0.0.5:8554/1?a=b',
    );
    expect(connectionUrl({ url: 'rtsp://cam.lan/1', address: 'fd00::1', username: null, password: null })).toBe('rtsp://[fd00::1]/1');
  });
});
