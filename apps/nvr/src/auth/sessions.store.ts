import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { hashApiKey } from '@nightjar/auth';
import { orUnavailable, type NvrDatabase } from '@nightjar/database';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';

/** A session ends when its refresh token was not used for so long. */
export const sessionIdleDays = 30;
/**
 * Two tabs of one browser may send the same token at the same moment, and an answer may be lost: for so long the token before
 * the current one still counts. Later it can only have been copied.
 */
export const rotationGraceMs = 10_000;

/** Why a session ended before its time. */
export type RevocationReason = 'signed_out' | 'reused' | 'password_changed';

export interface SessionTokens {
  sessionId: string;
  userId: number;
  refreshToken: string;
}

/** Refresh tokens: 256 random bits each, of which rows hold the SHA-256 only. */
@Injectable()
export class SessionsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async begin(session: { userId: number; address: string; userAgent: string }, writeEntry: WriteEntry): Promise<SessionTokens> {
    const { userId, address, userAgent } = session;
    const token = newToken();
    const sessionId = randomUUID();
    const data = {
      id: sessionId,
      userId,
      tokenSha256: token.sha256,
      address: address.slice(0, 64),
      userAgent: userAgent.slice(0, 256),
      expiresAt: new Date(Date.now() + sessionIdleDays * 86_400_000),
    };
    await orUnavailable(
      this.database.$transaction(async (transaction) => {
        await transaction.session.create({ data });
        await writeEntry(transaction, sessionId);
      }),
    );
    // What nobody can use any more goes when its user comes back.
    await orUnavailable(this.database.session.deleteMany({ where: { userId, expiresAt: { lt: new Date() } } }));
    return { sessionId, userId, refreshToken: token.text };
  }

  /**
   * Changes a refresh token for its successor. One statement: of two requests with one token only one makes the successor, the
   * other one finds its token to be the previous one.
   * @returns undefined for a token that is unknown, expired, of an ended session or used before; the last ends its session
   */
  async rotate(refreshToken: string): Promise<SessionTokens | undefined> {
    const given = sha256Of(refreshToken);
    const next = newToken();
    const [session] = await orUnavailable(
      this.database.$queryRaw<{ id: string; user_id: number }[]>`
        UPDATE nvr.session SET
          previous_sha256 = token_sha256, token_sha256 = ${next.sha256}, rotated_at = now(),
          expires_at = now() + ${sessionIdleDays} * interval '1 day'
        WHERE revoked_at IS NULL AND expires_at > now() AND (
          token_sha256 = ${given} OR (previous_sha256 = ${given} AND rotated_at > now() - ${rotationGraceMs} * interval '1 ms'))
        RETURNING id, user_id`,
    );
    if (session) return { sessionId: session.id, userId: session.user_id, refreshToken: next.text };
    await this.endReused(given);
    return undefined;
  }

  async end(sessionId: string, reason: RevocationReason, writeEntry: WriteEntry): Promise<void> {
    await orUnavailable(
      this.database.$transaction(async (transaction) => {
        const where = { id: sessionId, revokedAt: null };
        const { count } = await transaction.session.updateMany({ where, data: { revokedAt: new Date(), revokedBecause: reason } });
        if (count > 0) await writeEntry(transaction);
      }),
    );
  }

  /** Whether a session can still be used; one that was removed with its user can't. */
  async isOpen(sessionId: string): Promise<boolean> {
    const session = await this.database.session.findUnique({ where: { id: sessionId }, select: { revokedAt: true } });
    return session !== null && session.revokedAt === null;
  }

  /** Somebody else has the successor of this token: thief or owner, both are sent to the password. */
  private async endReused(sha256: Uint8Array<ArrayBuffer>): Promise<void> {
    await orUnavailable(
      this.database.session.updateMany({
        where: { previousSha256: sha256, revokedAt: null },
        data: { revokedAt: new Date(), revokedBecause: 'reused' satisfies RevocationReason },
      }),
    );
  }
}

function newToken(): { text: string; sha256: Uint8Array<ArrayBuffer> } {
  const text = randomBytes(32).toString('base64url');
  return { text, sha256: sha256Of(text) };
}

function sha256Of(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hashApiKey(token));
}
