import { pixelLtwh, scaleBox } from '@nightjar/geometry';
import type { Clock } from '@nightjar/runtime';
import { z } from 'zod';
import { BoundedSessions } from '../bounded-sessions.js';
import { contractBox, roundConfidence } from '../render-detections.js';
import { Confidence, PixelBox } from '../reply-fields.js';
import { defineTask, resultOf, type Task } from '../task.js';
import { MotionBackground, motionPlane } from './motion-background.js';

const Output = z.object({
  motion: z.boolean(),
  score: Confidence.describe('Share of the picture that moves'),
  regions: z.array(PixelBox).describe('Where, the largest first'),
  calibrating: z
    .boolean()
    .describe('This picture became the background and says nothing of motion: it is the first of its session, or all of it changed'),
});

/** Seventy kilobytes each. */
const sessionsMax = 500;
const sessionTtlMs = 10 * 60_000;

/** What moves between the pictures of one camera. Without a model: a running average of small grey pictures. */
export function motionDetection(clock: Clock): Task {
  const sessions = new BoundedSessions({ clock, sessionTtlMs, capacity: sessionsMax, open: () => new MotionBackground() });
  return defineTask({
    name: 'motion_detection',
    description: 'Says what moved since the pictures before; needs camera_id, session or the opennvr:// address of a camera to know them',
    needs: [],
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    input: z.object({}),
    output: Output,
    example: { input: {}, body: { motion: true, score: 0.0131, regions: [[410, 225, 190, 320]], calibrating: false } },
    steps: () => [{ task: 'shrink_to_luma', options: motionPlane }],
    answer: (outcomes, { session }) => {
      const { luma, picture } = resultOf(outcomes, 'shrink_to_luma');
      const { score, regions, calibrating } = sessions.use(session).update({ ...motionPlane, luma }, clock.monotonicMs());
      const boxes = regions.map((box) => scaleBox(box, picture.width / motionPlane.widthPixels, picture.height / motionPlane.heightPixels));
      const told = { motion: boxes.length > 0, score: roundConfidence(score), calibrating };
      return {
        body: { ...told, regions: boxes.map((box) => pixelLtwh(box, picture)) },
        contractResult: {
          ...told,
          regions: boxes.map((box) => contractBox(box, picture)),
          frame_dimensions: { w: picture.width, h: picture.height },
        },
      };
    },
  });
}
