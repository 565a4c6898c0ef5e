import type { Detection, ImageResult, InferenceResult, ItemOutcome, PictureSize } from '@nightjar/contracts';
import { boxArea, pixelLtwh, scaleBox, xyxyFromLtwh } from '@nightjar/geometry';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { AppError, toAppError } from '@nightjar/runtime';
import { detectPersons, InFlightCalls } from '../inference-calls.js';
import type { JobProgress } from '../job-attempt.js';
import { unidentifiedPerson } from '../person-id.js';
import { openPicture } from './open-picture.js';

export interface ImageJob {
  jobId: string;
  items: readonly { index: number; path: string }[];
  progress: JobProgress;
  signal: AbortSignal;
}

/** Items of one job in work at a time: each may hold a picture of 50 million pixels in memory. */
const itemsAtOnceMax = 4;

/**
 * Finds the persons on each picture of a batch. A picture that can't be read fails alone; the others go on.
 * @returns one outcome an item, in the order of the items
 * @throws AppError `cancelled` on the signal
 */
export async function analyseImages(job: ImageJob, parts: { dispatcher: Pick<InferenceDispatcher, 'infer'> }): Promise<ItemOutcome[]> {
  const calls = new InFlightCalls(itemsAtOnceMax);
  const outcomes: ItemOutcome[] = [];
  job.progress.stage = 'analysing';
  for (const item of job.items) {
    await calls.start(async () => {
      outcomes.push(await analyseItem(item, job, parts.dispatcher));
      job.progress.stage = 'analysing';
      job.progress.value = Math.min(0.99, outcomes.length / job.items.length);
    });
  }
  await calls.finish();
  return outcomes.sort((a, b) => a.index - b.index);
}

async function analyseItem(
  item: ImageJob['items'][number],
  job: ImageJob,
  dispatcher: Pick<InferenceDispatcher, 'infer'>,
): Promise<ItemOutcome> {
  const { index } = item;
  if (job.signal.aborted) throw new AppError('cancelled', 'the job was stopped', { cause: job.signal.reason });
  try {
    const opened = await openPicture(item.path);
    const found = await detectPersons({
      dispatcher,
      jobId: job.jobId,
      picture: opened.jpeg,
      signal: job.signal,
      onWaiting: () => (job.progress.stage = 'waiting for an adapter'),
    });
    return { index, state: 'finished', result: imageResult(found, opened.size) };
  } catch (thrown) {
    const error = toAppError(thrown);
    const jobCode = error.details?.jobCode;
    // Only what concerns this one picture is an outcome of the item; anything else ends the attempt.
    if (typeof jobCode !== 'string') throw error;
    return { index, state: 'failed', error: { code: jobCode, message: error.message } };
  }
}

/** Boxes come in pixels of the small picture and go out in those of the client's; prominence is the share of the picture. */
function imageResult(found: InferenceResult, size: PictureSize): ImageResult {
  const picture = { width: size.w, height: size.h };
  const person_detections = found.detections
    .filter(({ label }) => label === 'person')
    .map(({ bbox: [left, top, width, height], confidence, label }): Detection => {
      const box = scaleBox(xyxyFromLtwh({ left, top, width, height }), size.w / found.picture.w, size.h / found.picture.h);
      return { bbox: pixelLtwh(box, picture), label, confidence };
    });
  const person_ids = person_detections.map(({ bbox: [left, top, width, height] }) =>
    unidentifiedPerson(boxArea(xyxyFromLtwh({ left, top, width, height })) / (size.w * size.h)),
  );
  return { person_ids, person_detections, picture: size, ocr_results: [] };
}
