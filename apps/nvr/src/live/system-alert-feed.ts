import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@nightjar/runtime';
import { LOGGER } from '../process-parts.js';
import { LiveHub } from './live-hub.js';
import { LiveMessage } from './live-message.js';
import { SystemAlertsStore } from './system-alerts.store.js';

/** The machine is looked at every 15 s: telling of it may take a moment. */
const lookEveryMs = 2_000;
/** More at once are told with the next look. */
const alertsAtOnce = 100;

/** Tells live clients that may see it what is the matter with the machine: any process may have found it, so rows are asked. */
@Injectable()
export class SystemAlertFeed implements OnModuleDestroy {
  private toldUpTo = 0;
  private looking: Promise<void> | undefined;
  private readonly timer = setInterval(() => this.look(), lookEveryMs);

  constructor(
    private readonly rows: SystemAlertsStore,
    private readonly hub: LiveHub,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Somebody is about to listen: what is written from now on is told. */
  async begin(): Promise<void> {
    if (!this.hub.hasAlertListeners) this.toldUpTo = await this.rows.newestId();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private look(): void {
    if (this.looking || !this.hub.hasAlertListeners) return;
    this.looking = this.tellNew()
      .catch((error: unknown) => this.logger.warn('system alerts cannot be read, it is tried again', { error }))
      .finally(() => {
        this.looking = undefined;
      });
  }

  private async tellNew(): Promise<void> {
    for (const { alert, id } of await this.rows.listAfter(this.toldUpTo, alertsAtOnce)) {
      this.toldUpTo = id;
      this.hub.tellSystemAlert({
        about: `${alert.alert_type} ${alert.host}`,
        message: new LiveMessage({ event: 'system_alert', data: alert }),
      });
    }
  }
}
