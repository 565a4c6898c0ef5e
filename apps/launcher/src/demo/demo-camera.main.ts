import { demoFramesPerSecond, loadClip, RtspCamera } from '@nightjar/embedded';
import { demoStreamPath } from './demo-camera.js';

/**
 * Entry of the demo camera's process: `demo-camera.main.js <clip> <port> <ffmpeg>`. Plays the clip for ever; ends on
 * SIGTERM, or with the launcher.
 */
async function main([file = '', port = '', ffmpegPath = '']: readonly string[]): Promise<void> {
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => process.exit(0));
  try {
    const clip = await loadClip({ file, ffmpegPath, framesPerSecond: demoFramesPerSecond });
    await new RtspCamera({ clip, port: Number(port), path: demoStreamPath }).start();
  } catch (error) {
    console.error(`nightjar demo camera: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

await main(process.argv.slice(2));
