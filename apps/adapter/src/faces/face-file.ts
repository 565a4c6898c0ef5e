import { createHash } from 'node:crypto';
import { packEmbedding, RegisteredFace, registeredFacesMax, unpackEmbedding } from '@nightjar/contracts';
import { AppError, jsonOrUndefined } from '@nightjar/runtime';
import { z } from 'zod';
import { unitVectorOf, type KnownFace } from './known-face.js';

/** The faces that stand in a file, and how often they were changed. */
export interface LocalFaces {
  readonly revision: number;
  readonly faces: ReadonlyMap<string, KnownFace>;
}

const format = 'nightjar-faces';
const version = 1;

/** First line of the file; `sha256` is of all that follows. One face is one line. */
const Header = z.object({
  format: z.literal(format),
  version: z.number().int(),
  revision: z.number().int().min(0),
  faces: z.number().int().min(0).max(registeredFacesMax),
  sha256: z.string(),
});
const Line = RegisteredFace.extend({ embedding: z.string() });

/** Faces written in one go; then others may run. */
const facesAtATime = 250;

export async function encodeFaceFile({ faces, revision }: LocalFaces): Promise<Buffer> {
  const hash = createHash('sha256');
  const parts: Buffer[] = [];
  const known = [...faces.values()];
  for (let start = 0; start < known.length; start += facesAtATime) {
    const lines = known
      .slice(start, start + facesAtATime)
      .map(encodeLine)
      .join('');
    const part = Buffer.from(lines);
    hash.update(part);
    parts.push(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const header: z.infer<typeof Header> = { format, version, revision, faces: known.length, sha256: hash.digest('hex') };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]);
}

/** @throws AppError `unprocessable` that says what is wrong with the file */
export function decodeFaceFile(content: Buffer): LocalFaces {
  const headerEnd = content.indexOf('\n');
  const header = Header.safeParse(jsonOrUndefined(content.toString('utf8', 0, Math.max(0, headerEnd))));
  if (!header.success) throw damaged('its first line is not ours');
  if (header.data.version !== version) throw damaged(`it has version ${header.data.version}, this program reads version ${version}`);
  const body = content.subarray(headerEnd + 1);
  if (createHash('sha256').update(body).digest('hex') !== header.data.sha256) throw damaged('its checksum is another one');
  const lines = body.toString('utf8').split('\n').slice(0, -1);
  const faces = new Map(lines.map((line, index) => decodeLine(line, index + 2)).map((known) => [known.face.person_id, known]));
  if (faces.size !== header.data.faces) throw damaged(`it holds ${faces.size} faces instead of ${header.data.faces}`);
  return { revision: header.data.revision, faces };
}

function encodeLine({ face, unitVector }: KnownFace): string {
  const line: z.infer<typeof Line> = { ...face, embedding: Buffer.from(packEmbedding(unitVector)).toString('base64') };
  return `${JSON.stringify(line)}\n`;
}

function decodeLine(text: string, lineNumber: number): KnownFace {
  const line = Line.safeParse(jsonOrUndefined(text));
  if (!line.success) throw damaged(`line ${lineNumber} is no face`);
  const { embedding, ...face } = line.data;
  const unpacked = unpackEmbedding(Buffer.from(embedding, 'base64'), face.embedding_size);
  const unitVector = unpacked && unitVectorOf(unpacked);
  if (!unitVector) throw damaged(`line ${lineNumber} has no embedding`);
  return { face, unitVector };
}

function damaged(what: string): AppError {
  return new AppError('unprocessable', what);
}
