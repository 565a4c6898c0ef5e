import { Inject, Injectable } from '@nestjs/common';
import type { AppAlert } from '@nightjar/contracts';
import { type Clock, type Logger } from '@nightjar/runtime';
import { EventsService } from '../events/events.service.js';
import { plateTextOf } from '../events/plate-text.js';
import { storableJson, storableText } from '../events/storable-text.js';
import { toldStart } from '../events/told-time.js';
import { parseUtcTime } from '../events/utc-time.js';
import { CLOCK, LOGGER } from '../process-parts.js';

/** Alerts that are being written. Full: one more is dropped, apps may tell of nothing so often. */
const inFlightMax = 100;
/** What is kept of an alert; a larger one loses what the app put beside. */
const payloadBytesMax = 32 * 1024;
const labelMax = 60;
const alertIdMax = 40;

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
      const moment = toldStart(unixMsOf(alert.fired_at), this.clock.wallMs());
      await this.events.record({
        key: { cameraId: camera.id, trackId: storableText(alert.alert_id, alertIdMax), ...moment },
        kind: { source: 'app', eventType: 'alert' },
        state: {
          label: storableText(alert.title, labelMax),
          score: null,
          endedAt: moment.startedAt,
          plateText: plateOf(alert),
          payload: payloadOf(alert),
        },
        picture: undefined,
      });
    } finally {
      this.inFlight--;
    }
  }
}

/** NaN for what is no time. */
const unixMsOf = (given: string | number) => (typeof given === 'number' ? given * 1_000 : parseUtcTime(given));

function plateOf({ evidence }: AppAlert): string | null {
  const text = typeof evidence === 'object' && evidence !== null && 'plate_text' in evidence ? evidence.plate_text : undefined;
  return typeof text === 'string' ? plateTextOf(text) : null;
}

function payloadOf(alert: AppAlert): Record<string, unknown> {
  const text = storableJson(alert);
  if (Buffer.byteLength(text) <= payloadBytesMax) return JSON.parse(text) as Record<string, unknown>;
  const { alert_id, title } = alert;
  return JSON.parse(storableJson({ alert_id, title, truncated: true })) as Record<string, unknown>;
}
