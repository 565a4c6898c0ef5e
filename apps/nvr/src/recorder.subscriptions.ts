import type { INestApplicationContext } from '@nestjs/common';
import { camerasChanged } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { RecorderService } from './recorder/recorder.service.js';

/** All that the recorder process listens to on the bus. */
export function subscribeRecorder(bus: Bus, app: INestApplicationContext): void {
  const recorder = app.get(RecorderService);
  bus.on(camerasChanged, () => recorder.wake());
}
