import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { DATABASE } from '../process-parts.js';
import { startOfPage, type ReaderState } from './face-page.js';
import { InTurn } from './in-turn.js';

/** What is kept of a face. */
interface FaceFields {
  name: string;
  category: string;
  metadata: Record<string, unknown> | null;
  modelName: string;
  modelFingerprint: string;
  embeddingSize: number;
  encryptedEmbedding: Uint8Array<ArrayBuffer>;
}

/** A face as the database holds it. */
export interface Face extends FaceFields {
  personId: string;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

interface SavedFace {
  created: boolean;
  revision: number;
  createdAt: Date;
}

/** What happened after a revision, cut per kind after `count` + 1. */
interface FaceChanges {
  fromStart: boolean;
  beganAtRevision: number;
  /** Of the whole registry, at the moment of reading. */
  revision: number;
  faces: Face[];
  removals: { personId: string; revision: number }[];
}

/**
 * Faces and what was removed of them. Every write counts the one row of `face_registry` up, and so holds it until its commit:
 * revisions are committed in their order, and whoever has seen revision n has missed nothing below.
 */
@Injectable()
export class FacesStore {
  private readonly writes = new InTurn();
  private readonly reads = new InTurn();

  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Adds a person's face or replaces it. @throws AppError `conflict` when there are `facesMax` others already */
  save(personId: string, face: FaceFields, options: { at: Date; facesMax: number }): Promise<SavedFace> {
    const { at, facesMax } = options;
    const metadata = face.metadata === null ? null : JSON.stringify(face.metadata);
    return this.write(async (transaction, revision) => {
      // One statement: people are enrolled by the thousand, and every other write waits.
      const [row] = await transaction.$queryRaw<{ created: boolean; createdAt: Date }[]>`
        WITH known AS (SELECT FROM nvr.face WHERE person_id = ${personId}),
          forgotten AS (DELETE FROM nvr.face_removal WHERE person_id = ${personId})
        INSERT INTO nvr.face (person_id, revision, name, category, metadata, model_name, model_fingerprint, embedding_size, encrypted_embedding, created_at, updated_at)
        SELECT ${personId}, ${revision}::bigint, ${face.name}, ${face.category}, ${metadata}::json, ${face.modelName}, ${face.modelFingerprint},
          ${face.embeddingSize}::int, ${face.encryptedEmbedding}::bytea, ${at}::timestamptz, ${at}::timestamptz
        WHERE EXISTS (SELECT FROM known) OR (SELECT count(*) FROM nvr.face) < ${facesMax}
        ON CONFLICT (person_id) DO UPDATE SET revision = excluded.revision, name = excluded.name, category = excluded.category,
          metadata = excluded.metadata, model_name = excluded.model_name, model_fingerprint = excluded.model_fingerprint,
          embedding_size = excluded.embedding_size, encrypted_embedding = excluded.encrypted_embedding, updated_at = excluded.updated_at
        RETURNING NOT EXISTS (SELECT FROM known) AS created, created_at AS "createdAt"`;
      if (!row) throw new AppError('conflict', `the face registry is full: it holds ${facesMax} faces, remove some first`);
      return { ...row, revision: Number(revision) };
    });
  }

  /** Deletes the row, the embedding in it, and leaves a note with the id. */
  remove(personId: string, options: { at: Date }): Promise<{ removed: boolean; revision: number }> {
    return this.write(async (transaction, revision) => {
      const { count } = await transaction.face.deleteMany({ where: { personId } });
      if (count > 0) await transaction.faceRemoval.create({ data: { personId, revision, removedAt: options.at } });
      return { removed: count > 0, revision: Number(revision) };
    });
  }

  /** What a reader does not know yet, at most `count` + 1 of each kind, all as it was at one moment. */
  listAfter(reader: ReaderState, options: { count: number }): Promise<FaceChanges> {
    return this.reads.run(() =>
      this.database.$transaction(
        async (transaction) => {
          const [row] = await transaction.$queryRaw<{ revision: bigint; forgotten: bigint }[]>`
            SELECT revision, forgotten_revision AS forgotten FROM nvr.face_registry`;
          const registry = { revision: Number(row?.revision ?? 0), forgottenRevision: Number(row?.forgotten ?? 0) };
          const { afterRevision, removalsAfterRevision, ...start } = startOfPage(reader, registry);
          const inOrder = { orderBy: { revision: 'asc' }, take: options.count + 1 } as const;
          const faces = await transaction.face.findMany({ where: { revision: { gt: afterRevision } }, ...inOrder });
          const removals = await transaction.faceRemoval.findMany({ where: { revision: { gt: removalsAfterRevision } }, ...inOrder });
          return {
            ...start,
            revision: registry.revision,
            faces: faces.map(faceOf),
            removals: removals.map(({ personId, revision }) => ({ personId, revision: Number(revision) })),
          };
        },
        { isolationLevel: 'RepeatableRead' },
      ),
    );
  }

  /** Forgets notes of removals that are older, and the oldest beyond `countMax`. Readers who lack them read everything anew. */
  async forgetRemovals(options: { before: Date; countMax: number }): Promise<number> {
    const { before, countMax } = options;
    return this.write(async (transaction) => {
      const forgotten = await transaction.$queryRaw<{ revision: bigint }[]>`
        DELETE FROM nvr.face_removal
        WHERE removed_at < ${before}::timestamptz
          OR revision <= (SELECT revision FROM nvr.face_removal ORDER BY revision DESC LIMIT 1 OFFSET ${countMax})
        RETURNING revision`;
      const newest = forgotten.reduce((most, { revision }) => (revision > most ? revision : most), 0n);
      await transaction.$executeRaw`UPDATE nvr.face_registry SET forgotten_revision = greatest(forgotten_revision, ${newest}::bigint)`;
      return forgotten.length;
    });
  }

  private write<Result>(work: (transaction: Prisma.TransactionClient, revision: bigint) => Promise<Result>): Promise<Result> {
    return this.writes.run(() =>
      this.database.$transaction(async (transaction) => {
        const [row] = await transaction.$queryRaw<{ revision: bigint }[]>`
          INSERT INTO nvr.face_registry (id, revision) VALUES (1, 1)
          ON CONFLICT (id) DO UPDATE SET revision = face_registry.revision + 1 RETURNING revision`;
        if (!row) throw new AppError('internal', 'the face registry has no row');
        return work(transaction, row.revision);
      }),
    );
  }
}

function faceOf({ metadata, revision, ...row }: Awaited<ReturnType<NvrDatabase['face']['findUniqueOrThrow']>>): Face {
  // Written by `save` only, from a JSON object.
  return { ...row, metadata: metadata as Record<string, unknown> | null, revision: Number(revision) };
}
