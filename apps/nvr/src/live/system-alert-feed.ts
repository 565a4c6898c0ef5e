import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@nightjar/runtime';
import { LOGGER } from '../process-parts.js';
import { LiveHub } from './live-hub.js';
import { LiveMessage } from './live-message.js';
import { RepeatedLook } from './repeated-look.js';
import { SystemAlertsStore } from './system-alerts.store.js';

/** More at once are told with the next look. */
const alertsAtOnce = 100;

/** Tells live clients that may see it what is the matter with the machine: any process may have found it, so rows are asked. */
@Injectable()
export class SystemAlertFeed implements OnModuleDestroy {
  private toldUpTo = 0;
  private readonly looks: RepeatedLook;

  constructor(
    private readonly rows: SystemAlertsStore,
    private readonly hub: LiveHub,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.looks = new RepeatedLook({
      look: () => this.tellNew(),
      isWanted: () => hub.hasAlertListeners,
      what: 'system alerts',
      logger,
    });
  }

  /** Somebody is about to listen: what is written from now on is told. */
  async begin(): Promise<void> {
    if (!this.hub.hasAlertListeners) this.toldUpTo = await this.rows.newestId();
  }

  async onModuleDestroy(): Promise<void> {
    await this.looks.stop();
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
