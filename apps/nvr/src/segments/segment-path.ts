/** Who recorded a file, and when it begins, stands in its name: `<camera uuid>/<UTC day>/<Unix ms>.mp4`. */
interface SegmentPath {
  cameraUuid: string;
  day: string;
  /** Of the first file after a connection only to a second. */
  startsAtMs: number;
}

export const cameraDirectoryName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const dayDirectoryName = /^\d{4}-\d{2}-\d{2}$/;
export const segmentFileName = /^(\d{10,15})\.mp4$/;

/** @returns undefined when it is not the name of a file of ours: nothing else is ever changed or removed */
export function parseSegmentPath(file: string): SegmentPath | undefined {
  const [cameraUuid = '', day = '', name = '', ...rest] = file.split('/');
  const digits = segmentFileName.exec(name)?.[1];
  if (rest.length > 0 || digits === undefined || !cameraDirectoryName.test(cameraUuid) || !dayDirectoryName.test(day)) return undefined;
  return { cameraUuid, day, startsAtMs: Number(digits) };
}
