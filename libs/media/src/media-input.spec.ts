import { describe, expect, it } from '@jest/globals';
import { inputArguments, openInput } from './media-input.js';

const ffmpeg = { path: 'ffmpeg', version: '7.1', foundBy: 'PATH' } as const;

function valueOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

async function cameraArguments(url: string, version: string = ffmpeg.version): Promise<readonly string[]> {
  const opened = await openInput({ kind: 'camera', url }, { ...ffmpeg, version });
  opened.close();
  return opened.arguments;
}

describe('an input for FFmpeg', () => {
  it('is, of a file, a file of the listed containers, whatever its name says', () => {
    const args = inputArguments({ kind: 'file', path: '/media/-y' });
    expect(valueOf(args, '-i')).toBe('file:/media/-y');
    expect(valueOf(args, '-protocol_whitelist')).toBe('file,pipe');
    expect(valueOf(args, '-format_whitelist')?.split(',')).not.toContain('hls');
    expect(valueOf(args, '-format_whitelist')?.split(',')).not.toContain('concat');
  });

  it('is, of a camera, a relay on loopback: neither its address nor its password is told (T3, T4)', async () => {
    const args = await cameraArguments('rtsp://user:secret@10.0.0.7/main');
    expect(valueOf(args, '-protocol_whitelist')).toBe('rtsp,tcp');
    expect(valueOf(args, '-rtsp_transport')).toBe('tcp');
    expect(valueOf(args, '-i')).toMatch(/^rtsp:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{48}$/);
    expect(args.join(' ')).not.toMatch(/secret|10\.0\.0\.7/);
  });

  it('is, of a camera that speaks HTTP, a pipe of pictures, and FFmpeg may open nothing else (T3, T4)', async () => {
    const args = await cameraArguments('http://user:secret@10.0.0.7/video');
    expect([valueOf(args, '-protocol_whitelist'), valueOf(args, '-f'), valueOf(args, '-i')]).toEqual(['pipe', 'mpjpeg', 'pipe:0']);
    expect(args.join(' ')).not.toMatch(/secret|10\.0\.0\.7/);
  });

  it('names the socket timeout as the version does: before 5.0 the newer name means "listen"', async () => {
    expect(await cameraArguments('rtsp://10.0.0.7/', '4.4.2-0ubuntu0.22.04.1')).toContain('-stimeout');
    expect(await cameraArguments('rtsp://10.0.0.7/', '5.1.9-0+deb12u1')).toContain('-timeout');
    expect(await cameraArguments('rtsp://10.0.0.7/', 'N-120000-gabcdef')).toContain('-timeout');
  });

  it('is refused for an address that is neither RTSP nor HTTP, without repeating it (T1)', async () => {
    for (const url of ['ftp://10.0.0.7/video', 'file:///etc/passwd', '-y', 'exec:rtsp://10.0.0.7/', 'rtsp://10.0.0.7/ -y', 'rtsp:///x']) {
      await expect(cameraArguments(url)).rejects.toThrow('a camera address begins with rtsp:// or rtsps://');
    }
    for (const url of ['http:///x y', 'https://10.0.0.7/ -y'])
      await expect(cameraArguments(url)).rejects.toThrow('the address of such a camera begins with http:// or https://');
  });
});
