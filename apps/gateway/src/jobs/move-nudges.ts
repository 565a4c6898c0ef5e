import { jobMoved, type JobId } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';

/** Listeners of live updates wait no longer than that for what was not told at once. */
const gatherMs = 20;

/**
 * Tells all gateways that there are new rows of `job_event`: the first at once, what moves in the next moment with one message after it.
 * Whoever hears it reads the rows of all, so the message names one of them. At thousands of moves a second a message for each would cost
 * more than the moves of some.
 */
export class MoveNudges {
  private timer: NodeJS.Timeout | undefined;
  private gathered: JobId | undefined;

  constructor(private readonly bus: Pick<Bus, 'publish'>) {}

  /** The job's row has moved, and its event is committed. */
  tell(jobId: JobId): void {
    if (this.timer) this.gathered = jobId;
    else this.publish(jobId);
  }

  /** Tells what was gathered. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.gathered !== undefined) this.bus.publish(jobMoved, { job_id: this.gathered });
    this.gathered = undefined;
  }

  private publish(jobId: JobId): void {
    this.bus.publish(jobMoved, { job_id: jobId });
    this.timer = setTimeout(() => {
      const { gathered } = this;
      this.timer = undefined;
      this.gathered = undefined;
      if (gathered !== undefined) this.publish(gathered);
    }, gatherMs).unref();
  }
}
