import { Global, Module, type DynamicModule, type ValueProvider } from '@nestjs/common';
import { SecretBox } from '@nightjar/auth';
import type { NvrDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import type { NvrConfig } from './config.js';

export const CONFIG = Symbol('config');
export const LOGGER = Symbol('logger');
export const CLOCK = Symbol('clock');
export const DATABASE = Symbol('database');

/** Long-lived things that a process makes before Nest, and closes after it. */
export interface ProcessParts<Config extends NvrConfig> {
  config: Config;
  logger: Logger;
  clock: Clock;
  database: NvrDatabase;
  bus: Bus;
  secretBox: SecretBox;
}

/** Makes the process' parts injectable everywhere. */
@Global()
@Module({})
export class ProcessPartsModule {
  static with<Config extends NvrConfig>(parts: ProcessParts<Config>, more: ValueProvider[] = []): DynamicModule {
    const providers: ValueProvider[] = [
      { provide: CONFIG, useValue: parts.config },
      { provide: LOGGER, useValue: parts.logger },
      { provide: CLOCK, useValue: parts.clock },
      { provide: DATABASE, useValue: parts.database },
      { provide: Bus, useValue: parts.bus },
      { provide: SecretBox, useValue: parts.secretBox },
      ...more,
    ];
    return { module: ProcessPartsModule, providers, exports: providers };
  }
}
