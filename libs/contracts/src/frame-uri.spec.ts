import { describe, expect, it } from '@jest/globals';
import { parseFrameUri } from './frame-uri.js';

describe('a frame URI', () => {
  it.each([
    ['opennvr://frames/camera_0/latest.jpg', 'camera_0', 'latest.jpg'],
    ['opennvr://camera_0/event_trigger.jpg', 'camera_0', 'event_trigger.jpg'],
    ['opennvr://camera_warehouse/dark_corner.jpg', 'camera_warehouse', 'dark_corner.jpg'],
  ])('%s names a directory and a file', (text, directory, file) => {
    expect(parseFrameUri(text)).toEqual({ directory, file });
  });

  it.each([
    'opennvr://frames/latest.jpg',
    'opennvr://audio/speech.wav',
    'opennvr://frames/camera_0/../../etc/passwd',
    'opennvr://frames/../secret.jpg',
    'opennvr://frames//etc/passwd',
    'opennvr://frames/camera_0/.hidden',
    'opennvr://frames/camera_0/%2e%2e',
    'opennvr://frames/camera_0/a\\b.jpg',
    'opennvr://frames/camera_0/a b.jpg',
    'opennvr://frames/camera_0/a.jpg\n',
    'opennvr://frames/camera_0/ä.jpg',
    'opennvr://camera_0/sub/latest.jpg',
    'OPENNVR://camera_0/latest.jpg',
    'file:///etc/passwd',
    'camera_0/latest.jpg',
    '',
    `opennvr://camera_0/${'a'.repeat(129)}`,
  ])('refuses %j', (text) => {
    expect(parseFrameUri(text)).toBeUndefined();
  });
});
