import type { INestApplicationContext } from '@nestjs/common';
import { camerasChanged, readLiveView, readRecorderState } from '@nightjar/contracts';
import { WithBody, type Bus } from '@nightjar/messaging';
import { LiveSources } from './recorder/live-sources.js';
import { RecorderCondition } from './recorder/recorder-condition.js';
import { RecorderService } from './recorder/recorder.service.js';

/** Each camera that is watched has one of each API process waiting here. */
const liveReadsMax = 1_024;

/** All that the recorder process listens to on the bus. */
export function subscribeRecorder(bus: Bus, app: INestApplicationContext): void {
  const recorder = app.get(RecorderService);
  const condition = app.get(RecorderCondition);
  const live = app.get(LiveSources);
  bus.serve(readRecorderState, () => ({ degraded: condition.problems() }));
  bus.serve(
    readLiveView,
    async ({ after_seq: afterSeq, camera_id: cameraId, offset, session_id: sessionId, stream, wait_ms }) => {
      const { bytes, initBytes, parts, session } = await live.read({ cameraId, stream }, { sessionId, afterSeq, offset }, wait_ms);
      return new WithBody({ session, init_bytes: initBytes, parts }, bytes);
    },
    { callsInFlightMax: liveReadsMax },
  );
  bus.on(camerasChanged, () => recorder.wake());
}
