import { describe, expect, it } from '@jest/globals';
import { inputArguments } from './media-input.js';

const ffmpeg = { path: 'ffmpeg', version: '7.1', foundBy: 'PATH' } as const;

function valueOf(args: string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

describe('inputArguments', () => {
  it('opens a file as a file of the listed containers, whatever its name says', () => {
    const args = inputArguments({ kind: 'file', path: '/media/-y' }, ffmpeg);
    expect(valueOf(args, '-i')).toBe('file:/media/-y');
    expect(valueOf(args, '-protocol_whitelist')).toBe('file,pipe');
    expect(valueOf(args, '-format_whitelist')?.split(',')).not.toContain('hls');
    expect(valueOf(args, '-format_whitelist')?.split(',')).not.toContain('concat');
  });

  it('opens a camera over TCP with the camera protocols only', () => {
    const args = inputArguments({ kind: 'camera', url: 'rtsp://user:secret@10.0.0.7/main' }, ffmpeg);
    expect(valueOf(args, '-protocol_whitelist')).toBe('rtsp,rtsps,rtp,udp,tcp,tls');
    expect(valueOf(args, '-rtsp_transport')).toBe('tcp');
    expect(valueOf(args, '-i')).toBe('rtsp://user:secret@10.0.0.7/main');
  });

  it('names the socket timeout as the version does: before 5.0 the newer name means "listen"', () => {
    const camera = { kind: 'camera', url: 'rtsp://10.0.0.7/' } as const;
    expect(inputArguments(camera, { ...ffmpeg, version: '4.4.2-0ubuntu0.22.04.1' })).toContain('-stimeout');
    expect(inputArguments(camera, { ...ffmpeg, version: '5.1.9-0+deb12u1' })).toContain('-timeout');
    expect(inputArguments(camera, { ...ffmpeg, version: 'N-120000-gabcdef' })).toContain('-timeout');
  });

  it('refuses an address that is not RTSP, without repeating it', () => {
    for (const url of ['http://10.0.0.7/video', 'file:///etc/passwd', '-y', 'exec:rtsp://10.0.0.7/', 'rtsp://10.0.0.7/ -y']) {
      expect(() => inputArguments({ kind: 'camera', url }, ffmpeg)).toThrow('a camera address begins with rtsp:// or rtsps://');
    }
  });
});
