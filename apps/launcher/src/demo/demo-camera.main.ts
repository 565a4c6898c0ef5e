import { DEMO_FRAMES_PER_SECOND, loadClip, RtspCamera } from '@nightjar/embedded';
import { DEMO_STREAM_PATH } from './demo-camera.js';

/**
 * Entry of the demo camera's process: `demo-camera.main.js <clip> <port> <ffmpeg>`. Plays the clip for ever; ends on
 * SIGTERM, or with the launcher.
 */
async function main([file = '', port = '', ffmpegPath = '']: readonly string[]): Promise<void> {
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => process.exit(0));
  try {
    const clip = await loadClip({ file, ffmpegPath, framesPerSecond: DEMO_FRAMES_PER_SECOND });
    await new RtspCamera({ clip, port: Number(port), path: DEMO_STREAM_PATH }).start();
  } catch (error) {
    console.error(`nightjar demo camera: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

await main(process.argv.slice(2));
