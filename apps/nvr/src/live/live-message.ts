import type { EventView, Overlay } from '@nightjar/contracts';

/** What is the matter with a machine that the NVR runs on, or is over. */
export interface SystemAlert {
  /** Which one; null: it is not known. */
  host: string | null;
  /** `cpu_high`, `memory_high`, `disk_low`, `disk_stat_error`. */
  alert_type: string;
  /** `active` or `inactive`. */
  state: string;
  severity: string;
  description: string;
  occurred_at: string;
}

/** A camera is there again, or is not any more. */
export interface CameraStatusChange {
  camera_id: number;
  camera_name: string;
  status: 'online' | 'offline';
  /** What its pictures are found by. */
  path: string;
  /** Why it is offline, where the camera or the network said. */
  reason: string | null;
  occurred_at: string;
}

/** What live clients are told. */
export type LiveContent =
  /** First of all; the id is the position from which the client comes back. */
  | { event: 'opened'; id: number; data: Record<string, never> }
  | { event: 'notification'; id: number; data: EventView }
  /** Everything up to the id was sent, or is none of the client's. */
  | { event: 'position'; id: number; data: Record<string, never> }
  /** Notifications between the two positions are not replayed, or some after them were removed: the client reads the list again. */
  | { event: 'gap'; id: number; data: { last_event_id: number; resumed_after: number } }
  /** Without an id: an overlay that was missed is not missed. */
  | { event: 'overlay'; data: Overlay }
  /** Without an id too: what is the matter now, is asked for elsewhere. */
  | { event: 'system_alert'; data: SystemAlert }
  | { event: 'camera_status'; data: CameraStatusChange };

/** How messages stand on one kind of connection. */
export type LiveFormat = (content: LiveContent) => Buffer;

/** One message to many clients: it is written once in each format, and only if somebody gets it. */
export class LiveMessage {
  private readonly forms = new Map<LiveFormat, Buffer>();

  constructor(readonly content: LiveContent) {}

  in(format: LiveFormat): Buffer {
    const known = this.forms.get(format);
    if (known !== undefined) return known;
    const bytes = format(this.content);
    this.forms.set(format, bytes);
    return bytes;
  }
}
