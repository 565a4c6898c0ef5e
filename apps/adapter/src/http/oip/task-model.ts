import { AppError, toAppError } from '@nightjar/runtime';
import type { FrameResolver } from '../../intake/frame-resolver.js';
import type { TaskCatalogue } from '../../tasks/task-catalogue.js';
import type { Task } from '../../tasks/task.js';
import type { TaskRunner, TaskSuccess } from '../../tasks/task-runner.js';
import { legacyReply } from '../legacy/legacy-reply.js';
import { taskTimes } from './inference-statistics.js';
import type { ModelSignature } from './model-signature.js';
import { readPictureElement } from './picture-elements.js';
import type { ModelAnswer, OipCall, ServedModel } from './served-model.js';
import { typedOutputsOf, typedTensors } from './typed-outputs.js';
import type { WireTensor } from './wire-tensor.js';

export interface TaskModelParts {
  readonly catalogue: TaskCatalogue;
  readonly runner: TaskRunner;
  readonly frames: FrameResolver;
}

/** Name of the input of a task with one picture; a task with several has them by their own names. */
const imageInput = 'image';
const resultOutput = 'result';
const picturesMax = 16;
/** Pictures of one request that are on their way at a time, so that one caller does not fill the queue. */
const picturesAtOnce = 4;

/** A task as a model: compressed pictures in, its reply out as JSON, and where it fits also as tensors. */
export function taskModel(task: Task, version: string, parts: TaskModelParts): ServedModel {
  const model = parts.catalogue.modelOf(task);
  const signature = signatureOf(task);
  return {
    name: task.name,
    version,
    versions: [version],
    platform: 'nightjar_task',
    device: model?.device ?? 'cpu',
    problem: undefined,
    isLoaded: model?.loaded ?? true,
    notes: {
      description: task.description,
      ...(model && { model: `${model.name}@${model.version}` }),
      ...(isSinglePicture(task) && { image: `up to ${picturesMax} JPEG, PNG or WebP pictures: bytes, base64, or addresses of frames` }),
    },
    engineModel: model && `${model.name}@${model.version}`,
    describe: () => Promise.resolve(signature),
    infer: (inputs, call) => runTask(task, inputs, { ...parts, call }),
  };
}

function isSinglePicture({ pictureFields }: Task): boolean {
  return pictureFields.length === 1;
}

function signatureOf(task: Task): ModelSignature {
  const { pictureFields } = task;
  return {
    inputs: pictureFields.map((field) =>
      isSinglePicture(task) ? { name: imageInput, datatype: 'BYTES', shape: [-1] } : { name: field, datatype: 'BYTES', shape: [1] },
    ),
    outputs: [{ name: resultOutput, datatype: 'BYTES', shape: [-1] }, ...typedOutputsOf(task)],
  };
}

async function runTask(
  task: Task,
  inputs: readonly WireTensor[],
  { runner, frames, call }: TaskModelParts & { call: OipCall },
): Promise<ModelAnswer> {
  const { pictureSets, camera } = await readPictures(task, inputs, { frames, call });
  const session = call.session ?? camera;
  const run = (pictures: ReadonlyMap<string, Uint8Array>) =>
    runner.runOne({
      task,
      data: call.parameters,
      pictures,
      session,
      turn: session ?? call.turn,
      lane: call.lane,
      timeoutMs: call.remainingMs(),
      caller: call,
    });
  const readMs = call.elapsedMs();
  // Pictures that follow each other are shown to the task in their order.
  const outcomes = await mapAtOnce(pictureSets, session === undefined ? picturesAtOnce : 1, run);
  return answerOf(task, outcomes, call, readMs);
}

/** The pictures of each run, and the camera of the first one that is a frame. */
async function readPictures(
  { pictureFields, name }: Task,
  inputs: readonly WireTensor[],
  { frames, call }: { frames: FrameResolver; call: OipCall },
): Promise<{ pictureSets: Map<string, Uint8Array>[]; camera: string | undefined }> {
  if (pictureFields.length === 0) return { pictureSets: [new Map()], camera: undefined };
  let camera: string | undefined;
  const pictureSets: Map<string, Uint8Array>[] = [];
  for (const field of pictureFields) {
    const input = inputs.find((given) => given.name === (pictureFields.length === 1 ? imageInput : field));
    const elements = input?.datatype === 'BYTES' ? input.elements : [];
    if (elements.length < 1 || elements.length > picturesMax)
      throw new AppError('invalid_argument', `model "${name}" takes 1 to ${picturesMax} pictures, not ${elements.length}`);
    for (const [index, element] of elements.entries()) {
      const read = await readPictureElement(element, { field, frames, call });
      (pictureSets[index] ??= new Map()).set(field, read.bytes);
      camera ??= read.camera;
    }
  }
  return { pictureSets, camera };
}

function answerOf(task: Task, outcomes: readonly TaskSuccess[], call: OipCall, readMs: number): ModelAnswer {
  const replies = outcomes.map((outcome) => Buffer.from(JSON.stringify(legacyReply(outcome, call.elapsedMs()))));
  const model = outcomes[0]?.model;
  const timesMs = taskTimes(outcomes);
  return {
    outputs: [{ name: resultOutput, datatype: 'BYTES', shape: [replies.length], elements: replies }, ...typedTensors(task, outcomes)],
    parameters: model ? { model_name: model.name, model_version: model.version, model_fingerprint: model.fingerprint } : {},
    fingerprint: model?.fingerprint,
    runs: outcomes.length,
    timesMs: { ...timesMs, input: readMs + timesMs.input },
  };
}

/** Like `map`, with so many on their way at a time. The first failure fails all, and says which picture it was. */
async function mapAtOnce<Item, Result>(items: readonly Item[], atOnce: number, run: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, item] = next;
      try {
        results[index] = await run(item);
      } catch (thrown) {
        waiting.length = 0;
        throw ofPicture(thrown, index, items.length);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return results;
}

function ofPicture(thrown: unknown, index: number, count: number): AppError {
  const error = toAppError(thrown);
  if (count === 1) return error;
  const { code, message, details, retryAfterMs } = error;
  return new AppError(code, `picture ${index}: ${message}`, {
    cause: error,
    ...(details && { details }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
