import { parseRemoteUrl } from '@nightjar/outbound';
import { SettingsError } from '@nightjar/runtime';

/** An adapter that the NVR passes requests on to. */
export interface InferAdapter {
  readonly name: string;
  /** Where Contract v1 stands, without a slash at its end. */
  readonly url: string;
  /** Ours: it knows pictures only, and is asked for this task by who names none; null: for its default one. Undefined: of others. */
  readonly ownTask: string | null | undefined;
}

/**
 * What OpenNVR's apps call the adapters that they need, and the task of ours that does the same. `nightjar` and `tier0` are no
 * names: on the bus they say that frames of a live stream are told.
 */
const tasksOfNames: Readonly<Record<string, string | null>> = {
  default: null,
  yolov8: 'object_detection',
  insightface: 'face_detection',
  fast_plate_ocr: 'license_plate_recognition',
  blip: 'scene_description',
};
const takenOnTheBus = ['nightjar', 'tier0'];
const nameGrammar = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * The adapters by their names.
 * @param settings.ownUrl where our adapter speaks Contract v1; it answers to the names that OpenNVR's apps know
 * @param settings.others `name=url` each; one of these names then leads there
 * @throws SettingsError
 */
export function readAdapters(settings: { ownUrl: string | undefined; others: readonly string[] }): ReadonlyMap<string, InferAdapter> {
  const adapters = new Map<string, InferAdapter>();
  if (settings.ownUrl !== undefined) {
    const url = requireUrl('NIGHTJAR_INFER_URL', settings.ownUrl);
    for (const [name, ownTask] of Object.entries(tasksOfNames)) adapters.set(name, { name, url, ownTask });
  }
  for (const entry of settings.others) {
    const [, name = '', url = ''] = /^([^=]*)=(.*)$/.exec(entry) ?? [];
    if (!nameGrammar.test(name) || takenOnTheBus.includes(name))
      throw new SettingsError('NIGHTJAR_INFER_ADAPTERS: every part must be a name and a URL, like yolov8=http://10.0.0.4:9002');
    adapters.set(name, { name, url: requireUrl('NIGHTJAR_INFER_ADAPTERS', url), ownTask: undefined });
  }
  return adapters;
}

function requireUrl(setting: string, text: string): string {
  try {
    const { origin, path } = parseRemoteUrl(text);
    if (path.includes('?')) throw new SettingsError(`${setting}: the URL must not have a query`);
    return `${origin}${path.replace(/\/+$/, '')}`;
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError(`${setting}: must be an http or https URL without a user name, like http://127.0.0.1:9100/contract`);
  }
}
