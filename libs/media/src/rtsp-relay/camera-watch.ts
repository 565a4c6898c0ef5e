import { Patience } from '../patience.js';

/** Longest wait for a connection to the camera, and for its whole answer to one request. */
const answerMsMaxDefault = 10_000;
/** A camera that plays and sends nothing at all; those who read its frames notice sooner when no frame comes. */
const silenceMsMax = 20_000;

/** The waits for one camera, each with its end: for its answer, and for what it sends while it plays. */
export class CameraWatch {
  private deadline: Patience | undefined;
  private silence: Patience | undefined;
  private hasEnded = false;

  /** @param options.onLate called with the reason, in words for a person, when a wait was too long */
  constructor(private readonly options: { answerMsMax: number | undefined; onLate: (said: string) => void }) {}

  /** The camera owes an answer from now on. @param said why it is given up without one */
  expectAnswer(said: string): void {
    this.noteAnswer();
    if (!this.hasEnded) this.deadline = new Patience(this.options.answerMsMax ?? answerMsMaxDefault, () => this.options.onLate(said));
  }

  noteAnswer(): void {
    this.deadline?.end();
  }

  /** The camera plays from now on. */
  expectMedia(): void {
    if (!this.hasEnded) this.silence ??= new Patience(silenceMsMax, () => this.options.onLate('the camera sends nothing'));
  }

  /** The camera sent something. */
  noteBytes(): void {
    this.silence?.refresh();
  }

  /** While its reader is full the camera is not read, and can't be silent. */
  noteReaderFull(isFull: boolean): void {
    this.silence?.hold(isFull);
  }

  end(): void {
    this.hasEnded = true;
    this.deadline?.end();
    this.silence?.end();
  }
}
