import type { Detection, FaceModel, ImageResult, InferenceResult, ItemOutcome, OptionalStage, PictureSize } from '@nightjar/contracts';
import { boxArea, clipBox, normaliseBox, pixelLtwh, scaleBox, xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';
import { AppError, toAppError } from '@nightjar/runtime';
import { cutOutFaces } from '../face-thumbnails.js';
import { askAdapters, askIfPossible, InFlightCalls, type AdapterAccess, type QuestionOptions } from '../inference-calls.js';
import type { JobProgress } from '../job-attempt.js';
import { featuresOf, personId, unknownFeatures } from '../person-id.js';
import { fullText, linesInOrder, voteLanguage } from '../read-lines.js';
import { assignFaces, type SeenFace } from '../seen-face.js';
import { openPicture, type OpenedPicture } from './open-picture.js';

interface ImageJob {
  jobId: string;
  items: readonly { index: number; path: string }[];
  progress: JobProgress;
  signal: AbortSignal;
}

interface AnalysedImages {
  /** One an item, in the order of the items. */
  outcomes: ItemOutcome[];
  /** Which weights made the embeddings; undefined when no face was found. */
  faceModel: FaceModel | undefined;
}

/** Items of one job in work at a time: each may hold a picture of 50 million pixels in memory, and asks three questions. */
const itemsAtOnceMax = 4;
/** A person is told from here on; other objects as surely as their model's own threshold wants it. */
const personConfidenceMin = 0.45;
/** A page of print has some 60. */
const linesMax = 200;
const textCharactersMax = 10_000;

/**
 * Finds persons with their faces, objects and text on each picture of a batch. A picture that can't be read fails alone; the
 * others go on.
 * @throws AppError `cancelled` on the signal
 */
export async function analyseImages(job: ImageJob, access: AdapterAccess): Promise<AnalysedImages> {
  const calls = new InFlightCalls(itemsAtOnceMax);
  const items: AnalysedItem[] = [];
  // A failure that is not one picture's own ends the other items, too.
  const inner = new AbortController();
  const signal = AbortSignal.any([job.signal, inner.signal]);
  const onWaiting = () => (job.progress.stage = 'waiting for an adapter');
  job.progress.stage = 'analysing';
  try {
    for (const item of job.items) {
      await calls.start(async () => {
        items.push(await analyseItem(item, access, { jobId: job.jobId, signal, onWaiting }));
        job.progress.stage = 'analysing';
        job.progress.value = Math.min(0.99, items.length / job.items.length);
      });
    }
    await calls.finish();
  } finally {
    inner.abort();
    // The failure was thrown above; here it is waited for those that were given up.
    await calls.finish().catch(() => undefined);
  }
  items.sort((a, b) => a.outcome.index - b.outcome.index);
  return { outcomes: withOneFaceModel(items), faceModel: items.find(({ faceModel }) => faceModel)?.faceModel };
}

interface AnalysedItem {
  outcome: ItemOutcome;
  faceModel: FaceModel | undefined;
}

/** Only one model can be named, and vectors of another are of no use under its name: while an adapter is replaced some go. */
function withOneFaceModel(items: readonly AnalysedItem[]): ItemOutcome[] {
  const named = items.find(({ faceModel }) => faceModel)?.faceModel?.fingerprint;
  return items.map(({ outcome, faceModel }) => {
    if (outcome.state !== 'finished' || !faceModel || faceModel.fingerprint === named) return outcome;
    const person_ids = outcome.result.person_ids.map((person) => ({ ...person, face_embedding: [] }));
    return { ...outcome, result: { ...outcome.result, person_ids } };
  });
}

async function analyseItem(item: ImageJob['items'][number], access: AdapterAccess, options: QuestionOptions): Promise<AnalysedItem> {
  const { index } = item;
  if (options.signal.aborted) throw new AppError('cancelled', 'the job was stopped', { cause: options.signal.reason });
  try {
    const opened = await openPicture(item.path);
    const looked = await lookAt(opened, access, options);
    const model = looked.descriptorModel;
    return {
      outcome: { index, state: 'finished', result: imageResult(looked, opened.size) },
      faceModel: model && { fingerprint: model.fingerprint, threshold: model.threshold },
    };
  } catch (thrown) {
    const error = toAppError(thrown);
    const jobCode = error.details?.jobCode;
    // Only what concerns this one picture is an outcome of the item; anything else ends the attempt.
    if (typeof jobCode !== 'string') throw error;
    return { outcome: { index, state: 'failed', error: { code: jobCode, message: error.message } }, faceModel: undefined };
  }
}

/** What the adapters say of one picture. */
interface Looked {
  /** Persons and, where an adapter offers it, everything else. */
  objects: InferenceResult;
  faces: SeenFace[];
  descriptorModel: InferenceResult['descriptor_model'];
  lines: NonNullable<InferenceResult['lines']>;
  incomplete: OptionalStage[];
}

/** Asks all three questions at once: they are the adapters' to put in order. */
async function lookAt({ jpeg: picture }: OpenedPicture, access: AdapterAccess, options: QuestionOptions): Promise<Looked> {
  const knowsObjects = !access.capabilities.lacks('object_detection');
  const [objects, faces, text] = await Promise.all([
    askAdapters(access, { capability: knowsObjects ? 'object_detection' : 'person_detection', picture }, options),
    askIfPossible(access, { capability: 'face_detection', picture, withDescriptors: true }, options),
    askIfPossible(access, { capability: 'text_recognition', picture }, options),
  ]);
  const missing: [OptionalStage, boolean][] = [
    ['faces', !faces],
    ['text', !text],
    ['objects', !knowsObjects],
  ];
  return {
    objects,
    faces: faces ? await cutOutFaces(picture, faces) : [],
    descriptorModel: faces?.faces?.length ? faces.descriptor_model : undefined,
    lines: linesInOrder(text?.lines ?? [], linesMax),
    incomplete: missing.flatMap(([stage, isMissing]) => (isMissing ? [stage] : [])),
  };
}

/** Boxes come in pixels of the small picture and go out in those of the client's; prominence is the share of the picture. */
function imageResult({ objects, faces, lines, incomplete }: Looked, size: PictureSize): ImageResult {
  const object_detections = objects.detections.map(({ bbox, confidence, label }): Detection => {
    const box = scaleBox(boxOf(bbox), size.w / objects.picture.w, size.h / objects.picture.h);
    return { bbox: pixelLtwh(box, { width: size.w, height: size.h }), label, confidence };
  });
  const person_detections = object_detections.filter(({ label, confidence }) => label === 'person' && confidence >= personConfidenceMin);
  const boxes = new Map(person_detections.map((person) => [person, shareOf(person, size)]));
  const faceOf = assignFaces(boxes, faces);
  const person_ids = person_detections.map((person) => {
    const face = faceOf.get(person);
    return personId(face ? featuresOf([face]) : unknownFeatures, boxArea(shareOf(person, size)));
  });
  const ocr_results =
    lines.length === 0
      ? []
      : [
          {
            language_code: voteLanguage(lines),
            full_text: fullText(
              lines.map(({ text }) => text),
              textCharactersMax,
            ),
          },
        ];
  return {
    person_ids,
    person_detections,
    picture: size,
    ocr_results,
    object_detections,
    ...(incomplete.length > 0 && { incomplete_stages: incomplete }),
  };
}

/** As shares of the picture's width and height. */
function shareOf({ bbox }: Detection, { w: width, h: height }: PictureSize): BoxXyxy {
  return normaliseBox(clipBox(boxOf(bbox), { width, height }), { width, height });
}

function boxOf([left, top, width, height]: Detection['bbox']): BoxXyxy {
  return xyxyFromLtwh({ left, top, width, height });
}
