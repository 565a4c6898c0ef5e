import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { demoPicture } from '@nightjar/embedded';
import { replaceFile } from '@nightjar/runtime';
import sharp from 'sharp';

const widthPixels = 1280;

interface DemoFrame {
  /** Below the frames directory: what `opennvr://frames/...` names. */
  readonly file: string;
  readonly picture: number;
  /** 1 leaves the picture as bright as it is. */
  readonly brightness: number;
}

/** The pictures that requests of the public documentation name, apart from `latest.jpg`, which the agent writes. */
const demoFrames: readonly DemoFrame[] = [
  { file: 'camera_0/person.jpg', picture: 1, brightness: 1 },
  { file: 'camera_0/event_trigger.jpg', picture: 3, brightness: 1 },
  { file: 'camera_warehouse/dark_corner.jpg', picture: 6, brightness: 0.45 },
];

/** Puts the demo's pictures into the frames directory, where they are absent. */
export async function seedDemoFrames(framesDir: string): Promise<void> {
  for (const frame of demoFrames) {
    const file = path.join(framesDir, frame.file);
    if (await stat(file).catch(() => undefined)) continue;
    await mkdir(path.dirname(file), { recursive: true });
    const jpeg = await sharp(demoPicture(frame.picture))
      .resize({ width: widthPixels })
      .modulate({ brightness: frame.brightness })
      .jpeg({ quality: 85 })
      .toBuffer();
    await replaceFile(file, jpeg);
  }
}
