import type { FaceModel, OptionalStage } from '@nightjar/contracts';
import type { LumaPlane } from '@nightjar/media';
import { defaultByteTrackerOptions } from '@nightjar/tracking';
import { fitPicture } from '../../decode/fit-picture.js';
import { cutOutFaces } from '../face-thumbnails.js';
import { askAdapters, askIfPossible, type AdapterAccess, type QuestionOptions } from '../inference-calls.js';
import { LookSchedule } from './look-schedule.js';
import { largestSquareChange } from './luma-change.js';
import type { AnalysedFrame } from './person-tracks.js';
import type { FacesOfPicture } from './persons.js';
import { readableLines, type ReadPicture } from './text-segments.js';

/** A decoded picture of the video on its way to the adapters. */
interface PictureToLookAt {
  atSeconds: number;
  /** Changes where the picture becomes another one. */
  scene: number;
  jpeg: Uint8Array;
  luma: LumaPlane;
}

/** What the looks found, not in order. */
export interface Found {
  frames: AnalysedFrame[];
  faces: FacesOfPicture[];
  texts: ReadPicture[];
  /** Which weights made the descriptors; undefined without a face. */
  faceModel: FaceModel | undefined;
  incomplete: Set<OptionalStage>;
}

/** A video that has more gets fewer a second. */
const faceLooksMax = 600;
const textLooksMax = 300;
/** People turn their heads; what is written somewhere stays. */
const faceFirstPauseSeconds = 2;
const textFirstPauseSeconds = 4;
/** Where no square of the picture changed by more, nothing that a detector could tell has changed. */
const unchangedMax = 0.02;

/**
 * Shows the pictures of one video to the adapters: each that changed for persons; for faces those with persons, and for text
 * all, as often as their schedules say. What is looked at depends on the video alone and not on how fast answers come: a
 * picture's faces and text wait for what the picture before it told.
 */
export class PictureLooks {
  readonly found: Found = { frames: [], faces: [], texts: [], faceModel: undefined, incomplete: new Set() };
  private readonly faceSchedule: LookSchedule;
  private readonly textSchedule: LookSchedule;
  private last: { luma: LumaPlane; persons: Promise<AnalysedFrame['found']> } | undefined;
  private facesDecided: Promise<void> = Promise.resolve();
  private personsAtFaces = 0;
  private textsRead: Promise<void> = Promise.resolve();
  private readLuma: LumaPlane | undefined;

  constructor(
    private readonly access: AdapterAccess,
    private readonly options: QuestionOptions,
    durationSeconds: number,
  ) {
    this.faceSchedule = new LookSchedule({ looksMax: faceLooksMax, durationSeconds, firstPauseSeconds: faceFirstPauseSeconds });
    this.textSchedule = new LookSchedule({ looksMax: textLooksMax, durationSeconds, firstPauseSeconds: textFirstPauseSeconds });
  }

  /** Call it in the order of the video; several run at a time. @throws AppError as `askAdapters`, about persons */
  async look(picture: PictureToLookAt): Promise<void> {
    const sending = fitPicture(picture.jpeg);
    markHandled(sending);
    const persons = this.personsOn(picture, sending);
    const faces = this.facesAfter(this.facesDecided, { picture, sending, persons });
    this.facesDecided = faces.decided;
    this.textsRead = this.textAfter(this.textsRead, picture, sending);
    // The first failure counts; none may be left behind without a listener.
    const [found] = await Promise.all([persons, faces.done, this.textsRead]);
    this.found.frames.push({ atSeconds: picture.atSeconds, found });
  }

  /** A picture on which nothing changed has the persons of the one before. */
  private personsOn({ luma }: PictureToLookAt, sending: Promise<Uint8Array>): Promise<AnalysedFrame['found']> {
    if (this.last && largestSquareChange(this.last.luma, luma) < unchangedMax) return this.last.persons;
    const persons = this.askForPersons(sending);
    this.last = { luma, persons };
    return persons;
  }

  private async askForPersons(sending: Promise<Uint8Array>): Promise<AnalysedFrame['found']> {
    const picture = await sending;
    const question = { capability: 'person_detection', picture, minConfidence: defaultByteTrackerOptions.lowScore } as const;
    // The model and the times of each answer are not kept for hundreds of pictures.
    const { detections, picture: size } = await askAdapters(this.access, question, this.options);
    return { detections, picture: size };
  }

  private facesAfter(
    before: Promise<void>,
    look: { picture: PictureToLookAt; sending: Promise<Uint8Array>; persons: Promise<AnalysedFrame['found']> },
  ): { decided: Promise<void>; done: Promise<void> } {
    const { atSeconds, scene } = look.picture;
    const due = before.then(async () => {
      const { detections } = await look.persons;
      const persons = detections.filter(({ confidence }) => confidence >= defaultByteTrackerOptions.highScore).length;
      if (persons > this.personsAtFaces) this.faceSchedule.hasNews();
      if (persons === 0 || !this.faceSchedule.isDue(atSeconds, scene)) return false;
      this.faceSchedule.take(atSeconds, scene);
      this.personsAtFaces = persons;
      return true;
    });
    const done = due.then(async (isDue) => {
      if (isDue) await this.findFaces(atSeconds, await look.sending);
    });
    const decided = due.then(() => undefined);
    markHandled(decided);
    return { decided, done };
  }

  private async findFaces(atSeconds: number, picture: Uint8Array): Promise<void> {
    const found = await askIfPossible(this.access, { capability: 'face_detection', picture, withDescriptors: true }, this.options);
    if (!found) {
      this.found.incomplete.add('faces');
      return;
    }
    const faces = await cutOutFaces(picture, found);
    const { descriptor_model: model } = found;
    if (faces.length === 0) return;
    if (model) {
      const { fingerprint, threshold } = model;
      this.found.faceModel ??= { fingerprint, threshold };
      // While an adapter with another model takes over: vectors of two models say nothing about each other.
      if (fingerprint !== this.found.faceModel.fingerprint) for (const face of faces) face.descriptor = new Float32Array();
    }
    this.found.faces.push({ atSeconds, faces });
  }

  private async textAfter(before: Promise<void>, { atSeconds, scene, luma }: PictureToLookAt, sending: Promise<Uint8Array>): Promise<void> {
    await before;
    if (this.readLuma && largestSquareChange(this.readLuma, luma) < unchangedMax) {
      // After stillness the first change is worth a look.
      this.textSchedule.wake();
      return;
    }
    if (!this.textSchedule.isDue(atSeconds, scene)) return;
    this.textSchedule.take(atSeconds, scene);
    this.readLuma = luma;
    const found = await askIfPossible(this.access, { capability: 'text_recognition', picture: await sending }, this.options);
    if (!found) {
      this.found.incomplete.add('text');
      return;
    }
    const lines = readableLines(found.lines ?? []);
    // While there is text its end is awaited, too.
    if (lines.length > 0) this.textSchedule.hasNews();
    this.found.texts.push({ atSeconds, lines });
  }
}

/** Nobody may come to wait for it, and then its failure is no news: `look` fails by another promise of the same cause. */
function markHandled(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}
