// Plays an agent over the real bus: claims, beats and deliveries are the agent's own code, only the analysis is made up.
import { Bus } from '../../libs/messaging/dist/index.js';
import { createLogger, sleep, systemClock } from '../../libs/runtime/dist/index.js';
import { JobWorker } from '../../apps/agent/dist/jobs/job-worker.js';
import { jobQueued } from '../../libs/contracts/dist/index.js';

const videoResult = { raw_scenes: [], frame_activity_diffs: [], person_constellation_scenes: [], ocr_results: [], sections: [] };
const imageResult = { person_ids: [], person_detections: [], picture: { w: 4, h: 3 }, ocr_results: [] };

/**
 * @param options.slots jobs at a time
 * @param options.workMs what an analysis takes; a function, asked for each job
 * @returns how many outcomes it made, and how to stop it
 */
export function playAgent({ natsUrl, slots, workMs = () => 50, agentId = 'played' }) {
  const logger = createLogger({ service: 'played-agent', level: 'silent' });
  const bus = Bus.open({ url: natsUrl, name: agentId, logger });
  const played = { outcomes: 0 };
  const runWork = async (work, _progress, signal) => {
    await sleep(workMs(), signal);
    played.outcomes++;
    // Some jobs end badly: an end is an end.
    if (played.outcomes % 20 === 0) return { state: 'failed', error: { code: 'undecodable', message: 'made up' } };
    if (work.media_type === 'video') return { state: 'finished', media_type: 'video', result: videoResult, duration_seconds: 1 };
    const items = work.items.map(({ index }) => ({ index, state: 'finished', result: imageResult }));
    return { state: 'finished', media_type: 'image', items };
  };
  const worker = new JobWorker({ bus, agentId, slots, runWork, clock: systemClock, logger });
  bus.on(jobQueued, () => worker.ring());
  worker.start();
  played.stop = async () => {
    await worker.stop();
    await bus.close();
  };
  return played;
}
