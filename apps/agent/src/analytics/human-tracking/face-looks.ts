import type { Lane } from '@nightjar/contracts';
import { clipBox, expandBox, pixelLtwh, scaleBox } from '@nightjar/geometry';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { toAppError, type Logger } from '@nightjar/runtime';
import sharp from 'sharp';
import type { SeenOn } from '../alert-events.js';
import type { FaceLook, FaceSeen } from '../analytic.js';

/** A person's picture shows this share of its height around it. */
const marginHeights = 0.1;
/** Larger crops say nothing more of a face, and would not fit into a message. */
const cropSideMax = 1_024;
const cropQuality = 85;
/** Somebody who shows no face would cost a question with every frame. */
const pauseMs = 500;

interface FaceLooksParts {
  dispatcher: Pick<InferenceDispatcher, 'infer'>;
  /** As of the questions for the persons themselves. */
  lane: Lane;
  timeoutMs: number;
  source: string;
  logger: Logger;
}

/** Looks for the faces of persons, one at a time and twice a second at most: what is asked meanwhile comes again with a later frame. */
export class FaceLooks {
  private looking: Promise<void> | undefined;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private readonly stopping = new AbortController();

  constructor(private readonly parts: FaceLooksParts) {}

  /** Takes the largest person; `found` hears of its best face, if it has one. */
  take(looks: readonly FaceLook[], seenOn: SeenOn, found: (key: string, face: FaceSeen) => void): void {
    const [largest] = [...looks].sort((a, b) => heightOf(b) - heightOf(a));
    const { monotonicMs } = seenOn.result.frame;
    if (!largest || this.looking || monotonicMs - this.lookedAtMs < pauseMs || this.stopping.signal.aborted) return;
    this.lookedAtMs = monotonicMs;
    this.looking = this.look(largest, seenOn)
      .then((face) => {
        if (face) found(largest.key, face);
      })
      .catch((error: unknown) => {
        if (!this.stopping.signal.aborted) this.parts.logger.debug('a face was not looked for', { error: toAppError(error).message });
      })
      .finally(() => {
        this.looking = undefined;
      });
  }

  /** Calls off what is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async look({ box }: FaceLook, { result: { frame, picture } }: SeenOn): Promise<FaceSeen | undefined> {
    const size = { width: frame.picture.width, height: frame.picture.height };
    const scaled = scaleBox(box, size.width / picture.w, size.height / picture.h);
    const [left, top, width, height] = pixelLtwh(clipBox(expandBox(scaled, (scaled.y2 - scaled.y1) * marginHeights), size), size);
    if (width < 1 || height < 1) return undefined;
    const crop = await sharp(frame.picture.bytes)
      .extract({ left, top, width, height })
      .resize({ width: cropSideMax, height: cropSideMax, fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: cropQuality })
      .toBuffer();
    const { dispatcher, lane, source, timeoutMs } = this.parts;
    const call = { capability: 'face_detection', lane, source, picture: crop, timeoutMs, signal: this.stopping.signal } as const;
    const answer = await dispatcher.infer(call);
    const best = [...(answer.faces ?? [])].sort((a, b) => b.confidence - a.confidence)[0];
    if (!best) return undefined;
    const scale = width / answer.picture.w;
    const [x, y, faceWidth, faceHeight] = best.bbox.map((value) => Math.round(value * scale)) as [number, number, number, number];
    const { age, gender, confidence: score } = best;
    return {
      rect: { x: x + left, y: y + top, width: faceWidth, height: faceHeight },
      score,
      ...((age !== undefined || gender !== undefined) && {
        attributes: { ...(age !== undefined && { age }), ...(gender !== undefined && { gender }) },
      }),
    };
  }
}

function heightOf({ box }: FaceLook): number {
  return box.y2 - box.y1;
}
