import { z } from 'zod';

/** One directory or file name of a frame: no dot first, no slash, no percent, no space. */
export const FrameName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/);

/** Name of a camera's directory under the frames root. */
export const FramesName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export type FramesName = z.infer<typeof FramesName>;

export interface FrameUri {
  directory: string;
  file: string;
}

const reservedDirectories = new Set(['frames', 'audio']);
const grammar = /^opennvr:\/\/(?:frames\/)?([^/]+)\/([^/]+)$/;

/**
 * Reads `opennvr://frames/<directory>/<file>` and `opennvr://<directory>/<file>`, which name the same picture.
 * Nothing is decoded: a percent sign, a backslash or a second slash makes the text invalid.
 * @returns undefined when the text is not a frame URI
 */
export function parseFrameUri(text: string): FrameUri | undefined {
  if (text.length > 300) return undefined;
  const [, directory, file] = grammar.exec(text) ?? [];
  if (directory === undefined || file === undefined) return undefined;
  if (!FrameName.safeParse(directory).success || !FrameName.safeParse(file).success) return undefined;
  return reservedDirectories.has(directory) ? undefined : { directory, file };
}
