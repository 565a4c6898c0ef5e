import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { AppError } from '@nightjar/runtime';

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. The package's default algorithm is argon2id. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each takes 19 MiB and a pool thread for ~30 ms; one more is told to come again. */
const inFlightMax = 8;

/** Hashes and checks passwords with argon2id, a few at a time. */
@Injectable()
export class Passwords {
  private inFlight = 0;
  private readonly hashOfNobody = hash('the password of nobody', cost);

  hash(password: string): Promise<string> {
    return this.oneOfFew(() => hash(password, cost));
  }

  /**
   * Whether a password fits. Without a stored hash (no such user) it does the same work and answers false, so that the time
   * tells nothing.
   * @throws AppError `overloaded`
   */
  async matches(storedHash: string | undefined, password: string): Promise<boolean> {
    const fits = await this.oneOfFew(async () => verify(storedHash ?? (await this.hashOfNobody), password));
    return fits && storedHash !== undefined;
  }

  private async oneOfFew<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.inFlight >= inFlightMax) throw new AppError('overloaded', 'too many logins at once', { retryAfterMs: 1_000 });
    this.inFlight++;
    try {
      return await work();
    } finally {
      this.inFlight--;
    }
  }
}
