import type { CameraTransport, CameraView, TransportSecurity } from '@nightjar/contracts';

/** What a camera is saved with. null clears what was there. */
export interface CameraFields {
  name: string;
  description: string | null;
  location: string | null;
  rtsp_url: string;
  substream_url: string | null;
  username: string | null;
  /** Never read back: undefined leaves it as it is. */
  password: string | undefined;
  onvif_url: string | null;
  is_active: boolean;
  recording_enabled: boolean;
  analytics_enabled: boolean;
  audio_enabled: boolean;
  rtsp_transport: CameraTransport;
  transport_security: TransportSecurity;
}

/** Settings of a saved camera that are tried before they are saved; the others are the saved ones, with the saved password. */
export type TriedSettings = Partial<Pick<CameraFields, 'rtsp_url' | 'rtsp_transport' | 'username' | 'password'>>;

export interface Credentials {
  username?: string;
  password?: string;
}

/** Fields of the form as they are typed: an empty text is none. */
export interface Typed {
  name: string;
  location: string;
  description: string;
  rtspUrl: string;
  substreamUrl: string;
  onvifUrl: string;
  username: string;
  password: string;
  isActive: boolean;
  records: boolean;
  analyses: boolean;
  hears: boolean;
  transport: CameraTransport;
  security: TransportSecurity;
}

/** What the API calls a field of the form. */
export const apiNames: Readonly<Record<keyof Typed, keyof CameraFields>> = {
  name: 'name',
  location: 'location',
  description: 'description',
  rtspUrl: 'rtsp_url',
  substreamUrl: 'substream_url',
  onvifUrl: 'onvif_url',
  username: 'username',
  password: 'password',
  isActive: 'is_active',
  records: 'recording_enabled',
  analyses: 'analytics_enabled',
  hears: 'audio_enabled',
  transport: 'rtsp_transport',
  security: 'transport_security',
};

export function typedOf(camera: CameraView | undefined): Typed {
  return {
    name: camera?.name ?? '',
    location: camera?.location ?? '',
    description: camera?.description ?? '',
    rtspUrl: camera?.rtsp_url ?? '',
    substreamUrl: camera?.substream_url ?? '',
    onvifUrl: camera?.onvif_url ?? '',
    username: camera?.username ?? '',
    password: '',
    isActive: camera?.is_active ?? true,
    records: camera?.recording_enabled ?? true,
    analyses: camera?.analytics_enabled ?? true,
    hears: camera?.audio_enabled ?? false,
    transport: camera?.rtsp_transport ?? 'auto',
    security: camera?.transport_security ?? 'plaintext_allowed',
  };
}

/** What a camera is saved with. */
export function fieldsOf(typed: Typed): CameraFields {
  const orNull = (text: string) => text.trim() || null;
  return {
    name: typed.name.trim(),
    location: orNull(typed.location),
    description: orNull(typed.description),
    rtsp_url: typed.rtspUrl.trim(),
    substream_url: orNull(typed.substreamUrl),
    onvif_url: orNull(typed.onvifUrl),
    username: orNull(typed.username),
    password: typed.password || undefined,
    is_active: typed.isActive,
    recording_enabled: typed.records,
    analytics_enabled: typed.analyses,
    audio_enabled: typed.hears,
    rtsp_transport: typed.transport,
    transport_security: typed.security,
  };
}

/** Only what was changed is sent: somebody else may have changed the rest. */
export function changedOf(now: CameraFields, before: CameraFields): Partial<CameraFields> {
  const names = Object.keys(now) as (keyof CameraFields)[];
  return Object.fromEntries(names.filter((name) => now[name] !== before[name]).map((name) => [name, now[name]]));
}

/** What a test tries otherwise than the camera is saved. */
export function triedOf(typed: Typed, camera: CameraView): TriedSettings {
  const { password, rtsp_transport, rtsp_url, username } = changedOf(fieldsOf(typed), fieldsOf(typedOf(camera)));
  const tried = { password, rtsp_transport, rtsp_url, username };
  return Object.fromEntries(Object.entries(tried).filter(([, value]) => value !== undefined));
}

export function credentialsOf({ password, username }: Typed): Credentials {
  return { ...(username.trim() !== '' && { username: username.trim() }), ...(password !== '' && { password }) };
}
