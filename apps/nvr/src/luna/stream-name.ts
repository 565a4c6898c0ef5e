/** What callers and agents are told a stream is called. */
export function nameOfStream({ name, version }: { name: string; version: number }, camera: { name: string } | null | undefined): string {
  if (!camera) return name;
  // Before the first change by a user there is no name of its own: former releases wrote down what the camera was called then.
  return version === 1 || name === '' ? camera.name : name;
}

/** What is kept of a name that a user gave: the camera's own is none, so that the stream goes on to bear it when the camera is renamed. */
export function ownNameOf(given: string, camera: { name: string } | null | undefined): string {
  return given === camera?.name ? '' : given;
}
