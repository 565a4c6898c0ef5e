import type { INestApplicationContext } from '@nestjs/common';
import { camerasChanged, readRecorderState } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { RecorderCondition } from './recorder/recorder-condition.js';
import { RecorderService } from './recorder/recorder.service.js';

/** All that the recorder process listens to on the bus. */
export function subscribeRecorder(bus: Bus, app: INestApplicationContext): void {
  const recorder = app.get(RecorderService);
  const condition = app.get(RecorderCondition);
  bus.serve(readRecorderState, () => ({ degraded: condition.problems() }));
  bus.on(camerasChanged, () => recorder.wake());
}
