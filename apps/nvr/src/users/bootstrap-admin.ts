import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@nightjar/runtime';
import { systemActor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import type { ApiConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { Passwords } from './passwords.js';
import { UsersStore } from './users.store.js';

const adminUsername = 'admin';

/** Makes the first user. */
@Injectable()
export class BootstrapAdmin {
  constructor(
    private readonly users: UsersStore,
    private readonly passwords: Passwords,
    private readonly audit: AuditLog,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Creates `admin` with BOOTSTRAP_ADMIN_PASSWORD if there is no user at all: the setting stays where it was set, and an `admin` whom
   * other admins removed must not come back with it at the next start.
   */
  async ensure(): Promise<void> {
    const { adminPassword } = this.config;
    if (adminPassword === undefined || (await this.users.isThereAny())) return;
    const details = { username: adminUsername, is_superuser: true };
    const created = await this.users.createFirst(
      { username: adminUsername, passwordHash: await this.passwords.hash(adminPassword) },
      this.audit.entryOf(systemActor, { action: 'user.created', entityType: 'user', details }),
    );
    if (created) this.logger.info('user created', { username: adminUsername });
  }
}
