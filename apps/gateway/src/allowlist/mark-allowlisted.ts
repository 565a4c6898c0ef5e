import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SecretBox } from '@nightjar/auth';
import type { FaceModel, FinishedOutcome, JobId, PersonId } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { FaceMatcher } from './face-matcher.js';
import { openEmbedding } from './seal-embedding.js';

/** Persons that one tenant's list holds at most. */
export const allowlistedPersonsMax = 1_000;
/** Faces that are compared before others get their turn: about 10 ms with a full list. */
const facesPerTurn = 16;

/**
 * Makes of what an agent found what the client may read: marks who is on the list of the job's tenant, and takes the vectors of
 * faces out unless the job was made to keep them.
 * @param box without it no face is known, as nobody can be listed either
 * @throws AppError `unavailable` while the database is away
 */
export async function prepareOutcome(
  database: JobsDatabase,
  box: SecretBox | undefined,
  jobId: JobId,
  outcome: FinishedOutcome,
): Promise<FinishedOutcome> {
  if (personsOf(outcome).length === 0) return outcome;
  const job = await orUnavailable(database.job.findUnique({ where: { id: jobId }, select: { tenantId: true, faceEmbeddings: true } }));
  const { face_model: model } = outcome;
  const faces = personsOf(outcome).filter(({ face_embedding: vector }) => vector.length > 0);
  const listed = job && box && model && faces.length > 0 ? await loadListed(database, box, { tenantId: job.tenantId, model }) : [];
  const known = model && listed.length > 0 ? await findKnown(faces, { listed, model }) : new Set<PersonId>();
  return withPersons(outcome, (person) => ({
    ...person,
    allowlisted: known.has(person),
    face_embedding: job?.faceEmbeddings === true ? person.face_embedding : [],
  }));
}

/** Vectors that this key can't open are left out: a job does not fail for a list that has to be made anew. */
async function loadListed(
  database: JobsDatabase,
  box: SecretBox,
  { tenantId, model }: { tenantId: number; model: FaceModel },
): Promise<Float32Array[]> {
  const rows = await orUnavailable(
    database.allowlistedPerson.findMany({
      where: { tenantId, modelFingerprint: model.fingerprint },
      select: { id: true, embedding: true },
      take: allowlistedPersonsMax,
    }),
  );
  return rows.flatMap(({ id, embedding }) => {
    try {
      return [openEmbedding(box, id, embedding)];
    } catch (error) {
      if (error instanceof AppError) return [];
      throw error;
    }
  });
}

async function findKnown(
  faces: readonly PersonId[],
  { listed, model }: { listed: readonly Float32Array[]; model: FaceModel },
): Promise<Set<PersonId>> {
  const matcher = new FaceMatcher(listed, listed[0]?.length ?? 0, model.threshold);
  const known = new Set<PersonId>();
  // A person has the same vector in every scene: the first answer is as good for the others.
  const answers = new Map<number, { vector: readonly number[]; matches: boolean }[]>();
  let compared = 0;
  for (const person of faces) {
    const { face_embedding: vector } = person;
    const first = vector[0] ?? 0;
    const sameStart = answers.get(first) ?? [];
    let answer = sameStart.find((earlier) => isSame(earlier.vector, vector));
    if (!answer) {
      answer = { vector, matches: matcher.matches(Float32Array.from(vector)) };
      answers.set(first, [...sameStart, answer]);
      if (++compared % facesPerTurn === 0) await nextTurn();
    }
    if (answer.matches) known.add(person);
  }
  return known;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function personsOf(outcome: FinishedOutcome): PersonId[] {
  if (outcome.media_type === 'video') return outcome.result.person_constellation_scenes.flatMap(({ person_ids }) => person_ids);
  return outcome.items.flatMap((item) => (item.state === 'finished' ? item.result.person_ids : []));
}

function withPersons(outcome: FinishedOutcome, change: (person: PersonId) => PersonId): FinishedOutcome {
  if (outcome.media_type === 'image') {
    const items = outcome.items.map((item) =>
      item.state === 'finished' ? { ...item, result: { ...item.result, person_ids: item.result.person_ids.map(change) } } : item,
    );
    return { ...outcome, items };
  }
  const scenes = outcome.result.person_constellation_scenes.map((scene) => ({ ...scene, person_ids: scene.person_ids.map(change) }));
  return { ...outcome, result: { ...outcome.result, person_constellation_scenes: scenes } };
}
