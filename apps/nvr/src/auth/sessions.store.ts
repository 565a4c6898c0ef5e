import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { orUnavailable, type NvrDatabase, type Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import type { NvrConfig } from '../config.js';
import { CONFIG, DATABASE } from '../process-parts.js';
import { digestOf, familyDigestOf, RefreshTokens } from './refresh-tokens.js';

/** A session ends when its refresh token was not used for so long. */
export const sessionIdleDays = 30;
/**
 * Tabs of one browser may send the same token at the same moment, and an answer may be lost: for so long the token before the
 * current one gets the current one once more. Later, and any older one at any time, it can only have been copied.
 */
const rotationGraceMs = 10_000;

/** Why a session ended before its time. */
type RevocationReason = 'signed_out' | 'reused' | 'password_changed';

interface SessionTokens {
  sessionId: string;
  userId: number;
  refreshToken: string;
}

/** What became of a refresh token that somebody sent. */
type Rotation =
  | { kind: 'rotated'; tokens: SessionTokens }
  /** Somebody else has a later one: thief or owner, both are to be sent to the password. */
  | { kind: 'reused'; sessionId: string; userId: number }
  /** Never made, expired, or of a session that has ended. */
  | { kind: 'unknown' };

/** Sessions, and which refresh token of theirs counts. */
@Injectable()
export class SessionsStore {
  private readonly tokens: RefreshTokens;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CONFIG) config: Pick<NvrConfig, 'secretKey'>,
  ) {
    this.tokens = new RefreshTokens(config.secretKey);
  }

  /**
   * @param session with the user's token version as it was when his password was checked
   * @throws AppError `unauthenticated` when another password counts since then, or he was switched off
   */
  async begin(
    session: { userId: number; tokenVersion: number; address: string; userAgent: string },
    writeEntry: WriteEntry,
  ): Promise<SessionTokens> {
    const { userId, tokenVersion, address, userAgent } = session;
    const refreshToken = this.tokens.first();
    const sessionId = randomUUID();
    const data = {
      id: sessionId,
      userId,
      tokenSha256: digestOf(refreshToken),
      familySha256: familyDigestOf(refreshToken),
      address: address.slice(0, 64),
      userAgent: userAgent.slice(0, 256),
      expiresAt: new Date(Date.now() + sessionIdleDays * 86_400_000),
    };
    await orUnavailable(
      this.database.$transaction(async (transaction) => {
        await requireSameAccess(transaction, { userId, tokenVersion });
        await transaction.session.create({ data });
        await writeEntry(transaction, sessionId);
      }),
    );
    // What nobody can use any more goes when its user comes back.
    await orUnavailable(this.database.session.deleteMany({ where: { userId, expiresAt: { lt: new Date() } } }));
    return { sessionId, userId, refreshToken };
  }

  /**
   * Changes a refresh token for its successor. One statement: of requests that come with one token only one makes the successor
   * count, the others find their token to be the one before.
   */
  async rotate(refreshToken: string): Promise<Rotation> {
    const given = digestOf(refreshToken);
    const family = familyDigestOf(refreshToken);
    const successor = this.tokens.successorOf(refreshToken);
    const [rotated] = await orUnavailable(
      this.database.$queryRaw<SessionRow[]>`
        UPDATE nvr.session SET
          previous_sha256 = token_sha256, token_sha256 = ${digestOf(successor)}, family_sha256 = ${family}, rotated_at = now(),
          expires_at = now() + ${sessionIdleDays} * interval '1 day'
        WHERE revoked_at IS NULL AND expires_at > now() AND token_sha256 = ${given}
        RETURNING id, user_id AS "userId"`,
    );
    if (rotated) return rotationOf(rotated, successor);
    const [known] = await orUnavailable(
      this.database.$queryRaw<(SessionRow & { isRepeated: boolean | null })[]>`
        SELECT id, user_id AS "userId",
          previous_sha256 = ${given} AND token_sha256 = ${digestOf(successor)}
            AND rotated_at > now() - ${rotationGraceMs} * interval '1 ms' AS "isRepeated"
        FROM nvr.session
        WHERE revoked_at IS NULL AND expires_at > now() AND (family_sha256 = ${family} OR previous_sha256 = ${given})`,
    );
    if (!known) return { kind: 'unknown' };
    return known.isRepeated ? rotationOf(known, successor) : { kind: 'reused', sessionId: known.id, userId: known.userId };
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
}

interface SessionRow {
  id: string;
  userId: number;
}

function rotationOf({ id, userId }: SessionRow, refreshToken: string): Rotation {
  return { kind: 'rotated', tokens: { sessionId: id, userId, refreshToken } };
}

/**
 * Whoever changes a user's password ends his sessions in the same transaction, but not one that is not there yet. Locked for it: either
 * this waits for the change and finds another version, or the change waits for this and finds the session.
 */
async function requireSameAccess(
  transaction: Prisma.TransactionClient,
  { userId, tokenVersion }: { userId: number; tokenVersion: number },
): Promise<void> {
  const isSame = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM nvr."user" WHERE id = ${userId} AND token_version = ${tokenVersion} AND is_active FOR SHARE`;
  if (isSame.length > 0) return;
  const message = 'the password or the rights of this user changed meanwhile: sign in again';
  throw new AppError('unauthenticated', message, { details: { detail: { error: 'invalid_credentials', message } } });
}
