import { Inject, Injectable } from '@nestjs/common';
import type { AppAlert } from '@nightjar/contracts';
import { type Clock, type Logger } from '@nightjar/runtime';
import { EventsService } from '../events/events.service.js';
import { CLOCK, LOGGER } from '../process-parts.js';

/** Alerts that are being written. Full: one more is dropped, apps may tell of nothing so often. */
const inFlightMax = 100;
/** What is kept of an alert; a larger one loses what the app put beside. */
const payloadBytesMax = 32 * 1024;
const labelMax = 60;
/** An app's clock that goes wrong must not put its events years away. */
const clockOffMsMax = 24 * 3_600_000;

/** Makes events of what apps tell on the bus. Every process hears each alert; the row is one, since its key is. */
@Injectable()
export class AppAlerts {
  private inFlight = 0;

  constructor(
    private readonly events: EventsService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AppError `not_found` for an unknown camera */
  async take(alert: AppAlert): Promise<void> {
    if (this.inFlight >= inFlightMax) return this.logger.warn('an alert of an app is dropped, too many come at once');
    this.inFlight++;
    try {
      const camera = await this.events.findCamera(alert.camera_id);
      const firedAt = this.momentOf(alert.fired_at);
      await this.events.record({
        key: { cameraId: camera.id, trackId: alert.alert_id, startedAt: firedAt },
        kind: { source: 'app', eventType: 'alert' },
        state: { label: alert.title.replaceAll('\0', '').slice(0, labelMax), score: null, endedAt: firedAt, payload: payloadOf(alert) },
        picture: undefined,
      });
    } finally {
      this.inFlight--;
    }
  }

  private momentOf(given: string | number): Date {
    const nowMs = this.clock.wallMs();
    const unixMs = typeof given === 'number' ? given * 1_000 : Date.parse(given);
    return new Date(Math.abs(unixMs - nowMs) <= clockOffMsMax ? Math.round(unixMs) : nowMs);
  }
}

function payloadOf(alert: AppAlert): Record<string, unknown> {
  // Postgres keeps no NUL in JSON.
  const text = JSON.stringify(alert).replaceAll('\\u0000', '');
  if (Buffer.byteLength(text) <= payloadBytesMax) return JSON.parse(text) as Record<string, unknown>;
  return { alert_id: alert.alert_id, title: alert.title.replaceAll('\0', ''), truncated: true };
}
