import type { FrameMotion } from '../analytics/frame-result.js';

/** A scene in which nothing moves is looked at again on every so manieth frame: somebody may have come in unseen. */
const framesPerLook = 10;

/**
 * Decides for each frame whether a detector has to look at it, or whether what it found on an earlier one still holds because
 * nothing has moved since. `Answer` is whatever the detector said.
 */
export class HeldAnswer<Answer> {
  /** Frames that needed no detector. */
  saved = 0;
  private answer: Answer | undefined;
  private framesHeld = 0;

  /** @returns the answer that holds for this frame too; undefined: ask. `motion` undefined: nobody knows what moves */
  for(motion: FrameMotion | undefined): Answer | undefined {
    const isStill = motion !== undefined && motion.regions.length === 0;
    if (!isStill || ++this.framesHeld >= framesPerLook) this.forget();
    if (this.answer !== undefined) this.saved++;
    return this.answer;
  }

  /** What the detector said of the frame that it was asked about. */
  keep(answer: Answer): void {
    this.answer = answer;
    this.framesHeld = 0;
  }

  /** The next frame needs the detector: another question is asked now, or none was answered. */
  forget(): void {
    this.answer = undefined;
  }
}
