export { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
