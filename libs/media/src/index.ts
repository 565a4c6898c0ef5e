export { decodeFrames, type DecodedFrame, type DecodeOptions } from './decode-frames.js';
export { FfmpegProcess, type FfmpegExit, type FfmpegRun } from './ffmpeg-process.js';
export { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
export { type JpegPicture } from './jpeg-splitter.js';
export { type LumaPlane, type PlaneSize } from './luma-plane.js';
export { inputArguments, type CameraInput, type FileInput, type MediaInput } from './media-input.js';
export { probeFile, type ProbeOptions, type VideoProbe } from './probe-file.js';
export { goodConnectionMs, reconnectPauseMs } from './reconnect-pause.js';
