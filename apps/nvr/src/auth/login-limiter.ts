import { Inject, Injectable } from '@nestjs/common';
import { clientNetwork } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import { CLOCK } from '../process-parts.js';

const windowMs = 60_000;
const attemptsPerNetwork = 20;
/** Full: the oldest is forgotten. Whoever can fill it has that many networks to try from anyway. */
const windowsMax = 10_000;

interface Window {
  endsAtMs: number;
  attempts: number;
}

/**
 * Bounds login attempts per address, in this process: what one caller may try over all users, and what he may cost. An attempt
 * counts before its password is checked, so that parallel ones can't slip through; one that was not wrong is taken back.
 */
@Injectable()
export class LoginLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @throws AppError `rate_limited` with the time until the window ends */
  countAttempt(address: string): void {
    const window = this.windowOf(clientNetwork(address));
    if (window.attempts >= attemptsPerNetwork) {
      const message = 'too many login attempts: wait before the next one';
      throw new AppError('rate_limited', message, {
        retryAfterMs: window.endsAtMs - this.clock.monotonicMs(),
        details: { detail: { error: 'too_many_attempts', message } },
      });
    }
    window.attempts++;
  }

  takeBack(address: string): void {
    const window = this.windows.get(clientNetwork(address));
    if (window && window.attempts > 0) window.attempts--;
  }

  private windowOf(network: string): Window {
    const nowMs = this.clock.monotonicMs();
    const known = this.windows.get(network);
    if (known && known.endsAtMs > nowMs) return known;
    this.windows.delete(network);
    this.makeRoom(nowMs);
    const opened = { endsAtMs: nowMs + windowMs, attempts: 0 };
    this.windows.set(network, opened);
    return opened;
  }

  /** All windows are equally long, so the first ones in the map end first. */
  private makeRoom(nowMs: number): void {
    for (const [network, { endsAtMs }] of this.windows) {
      if (endsAtMs > nowMs && this.windows.size < windowsMax) return;
      this.windows.delete(network);
    }
  }
}
