import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock } from '@nightjar/runtime';
import { CLOCK } from '../process-parts.js';

const windowMs = 60_000;
const attemptsPerUserAndAddress = 5;
const attemptsPerAddress = 20;
/** Full: the oldest is forgotten. Whoever can fill it has that many addresses to try from anyway. */
const windowsMax = 10_000;

interface Window {
  endsAtMs: number;
  attempts: number;
}

/**
 * Bounds login attempts per user and address, and per address. An attempt counts before its password is checked, so that
 * parallel ones can't slip through; a success takes the count of its user and address back.
 */
@Injectable()
export class LoginLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @throws AppError `rate_limited` with the time until the window ends */
  countAttempt(attempt: { username: string; address: string }): void {
    const ofAddress = this.windowOf(addressKey(attempt));
    const ofUser = this.windowOf(userKey(attempt));
    const full = [ofAddress.attempts >= attemptsPerAddress && ofAddress, ofUser.attempts >= attemptsPerUserAndAddress && ofUser].find(
      (window) => window !== false,
    );
    if (full) {
      const message = 'too many login attempts: wait before the next one';
      throw new AppError('rate_limited', message, {
        retryAfterMs: full.endsAtMs - this.clock.monotonicMs(),
        details: { detail: { error: 'too_many_attempts', message } },
      });
    }
    ofAddress.attempts++;
    ofUser.attempts++;
  }

  recordSuccess(attempt: { username: string; address: string }): void {
    this.windows.delete(userKey(attempt));
    const ofAddress = this.windows.get(addressKey(attempt));
    if (ofAddress) ofAddress.attempts--;
  }

  private windowOf(key: string): Window {
    const nowMs = this.clock.monotonicMs();
    const known = this.windows.get(key);
    if (known && known.endsAtMs > nowMs) return known;
    this.windows.delete(key);
    this.makeRoom(nowMs);
    const opened = { endsAtMs: nowMs + windowMs, attempts: 0 };
    this.windows.set(key, opened);
    return opened;
  }

  /** All windows are equally long, so the first ones in the map end first. */
  private makeRoom(nowMs: number): void {
    for (const [key, window] of this.windows) {
      if (window.endsAtMs > nowMs && this.windows.size < windowsMax) return;
      this.windows.delete(key);
    }
  }
}

function addressKey({ address }: { address: string }): string {
  return `address ${networkOf(address)}`;
}

function userKey({ username, address }: { username: string; address: string }): string {
  return `user ${networkOf(address)} ${username}`;
}

/** One subscriber has a whole IPv6 /64. */
function networkOf(address: string): string {
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address;
}
