// Frames with boxes and ids: of a video that somebody labelled, or made here by moving a window over labelled photographs.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { z } from 'zod';
import { findFfmpeg } from '../../libs/media/dist/index.js';

const LabelledVideo = z.object({
  /** Relative to this file. */
  video: z.string(),
  frames: z
    .array(
      z.object({
        at_ms: z.number().min(0),
        objects: z.array(
          z.object({
            id: z.union([z.string(), z.number()]),
            label: z.string(),
            bbox: z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()]),
            ignore: z.boolean().default(false),
          }),
        ),
      }),
    )
    .min(1),
});

/** Reads the frames that have labels out of a video. @yields `{atMs, jpeg, objects}` */
export async function* readLabelledVideo(labelFile) {
  const { video, frames } = LabelledVideo.parse(JSON.parse(fs.readFileSync(labelFile, 'utf8')));
  const ffmpeg = await findFfmpeg();
  if (!ffmpeg) throw new Error('a labelled video needs FFmpeg');
  const file = path.resolve(path.dirname(labelFile), video);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-accuracy-'));
  try {
    for (const { at_ms: atMs, objects } of frames) {
      const picture = path.join(folder, 'frame.jpg');
      const args = ['-v', 'error', '-nostdin', '-y', '-ss', String(atMs / 1000), '-i', file, '-frames:v', '1', '-q:v', '2', picture];
      await promisify(execFile)(ffmpeg.path, args);
      yield { atMs, jpeg: fs.readFileSync(picture), objects };
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const window = { width: 1280, height: 720 };
/** The window is this much of the photograph's width: persons come into view and leave it. */
const windowShare = 0.6;
/** Less of an object than this need not be found. */
const leastVisible = 0.5;

/**
 * A camera that pans over each photograph from one side to the other and back, with a hard cut to the next. Where every box lies is
 * geometry, so the labels are exact as far as those of the photographs are.
 * @param photographs as readLabelledPictures gives them
 * @yields `{atMs, jpeg, objects: [{id, label, bbox, ignore}]}`
 */
export async function* panOver(photographs, { label, framesPerSecond, secondsEach }) {
  const framesEach = Math.round(framesPerSecond * secondsEach);
  let frame = 0;
  for (const [number, { file, objects }] of photographs.entries()) {
    const { data, info } = await sharp(file).autoOrient().removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const source = { raw: { width: info.width, height: info.height, channels: info.channels } };
    const width = Math.round(info.width * windowShare);
    const height = Math.min(info.height, Math.round((width * window.height) / window.width));
    const scale = window.width / width;
    for (let index = 0; index < framesEach; index++, frame++) {
      // There and back: 0 … 1 … 0.
      const phase = 1 - Math.abs(1 - (2 * index) / (framesEach - 1));
      const left = Math.round((info.width - width) * phase);
      const top = Math.round(((info.height - height) / 2) * phase);
      const jpeg = await sharp(data, source)
        .extract({ left, top, width, height })
        .resize(window.width, window.height, { fit: 'fill' })
        .jpeg({ quality: 90 })
        .toBuffer();
      const view = { left, top, width, height, scale, tall: window.height / height };
      const seen = objects.flatMap((object, id) => (object.label === label ? seenThrough(view, object, `${number}-${id}`) : []));
      yield { atMs: (frame * 1000) / framesPerSecond, jpeg, objects: seen };
    }
  }
}

function seenThrough({ left, top, width, height, scale, tall }, { label, bbox: [x, y, w, h] }, id) {
  const x1 = Math.max(x, left);
  const y1 = Math.max(y, top);
  const x2 = Math.min(x + w, left + width);
  const y2 = Math.min(y + h, top + height);
  if (x2 <= x1 || y2 <= y1) return [];
  const visible = ((x2 - x1) * (y2 - y1)) / (w * h);
  const bbox = [(x1 - left) * scale, (y1 - top) * tall, (x2 - x1) * scale, (y2 - y1) * tall];
  return [{ id, label, bbox, ignore: visible < leastVisible }];
}
