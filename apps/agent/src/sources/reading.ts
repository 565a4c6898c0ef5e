import {
  decodeFrames,
  isHttpUrl,
  readUnits,
  readUnitsDirectly,
  type CameraTransport,
  type DecodedFrame,
  type ReadUnitsOptions,
  type Rotation,
} from '@nightjar/media';

/**
 * How a camera is read: by ourselves; through an FFmpeg that copies its units, for cameras that we do not understand; or decoded whole
 * by an FFmpeg, where units can't be told apart (MJPEG) or there are none (pictures over HTTP).
 */
export type Reading = 'direct' | 'ffmpeg' | 'pictures';

/** Packets beside the connection are read by FFmpeg alone. */
export function firstReading(url: string, transport: CameraTransport | undefined): Reading {
  if (isHttpUrl(url)) return 'pictures';
  return transport === 'udp' ? 'ffmpeg' : 'direct';
}

/** What is tried where one way does not understand a camera. */
export function nextReading(reading: Reading): Reading | undefined {
  return { direct: 'ffmpeg' as const, ffmpeg: 'pictures' as const, pictures: undefined }[reading];
}

/** Reads units until the camera goes. @throws AppError as `readUnits`: `unprocessable` where another way may understand it */
export function readCameraUnits(reading: 'direct' | 'ffmpeg', options: ReadUnitsOptions): Promise<void> {
  return reading === 'direct' ? readUnitsDirectly(options) : readUnits(options);
}

/** Decodes all of it. @throws AppError as `decodeFrames` */
export function readCameraPictures(
  options: Omit<ReadUnitsOptions, 'onUnit'> & { framesPerSecond: number; rotation?: Rotation | undefined },
): AsyncGenerator<DecodedFrame, void, undefined> {
  const { clock, ffmpeg, framesPerSecond, rotation, signal, transport, url } = options;
  return decodeFrames({
    ffmpeg,
    input: { kind: 'camera', url, transport },
    samplesPerSecond: framesPerSecond,
    samplesPerPicture: 1,
    rotation,
    signal,
    clock,
  });
}
