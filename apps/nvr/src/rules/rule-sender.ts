import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Clock, Logger } from '@nightjar/runtime';
import { defaultDeliveryTimings, openWebhookClient, WebhookSender } from '@nightjar/webhooks';
import type { ApiConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { MessageQueue, type ClaimedMessage } from './message-queue.js';

/** More than the sender has on their way: a lookup that hangs keeps its place after its attempt was given up. */
const exchangesMax = 256;

/** Sends the messages of rules while the process runs. */
@Injectable()
export class RuleSender implements OnModuleInit, OnModuleDestroy {
  private sender: WebhookSender<ClaimedMessage> | undefined;

  constructor(
    private readonly queue: MessageQueue,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const { clock, config, logger, queue } = this;
    const client = openWebhookClient(config.webhooks, { exchangesMax });
    const { signatureFormat } = config.webhooks;
    this.sender = new WebhookSender({ queue, client, clock, logger, signatureFormat, timings: defaultDeliveryTimings });
  }

  /** There is a message to send. Without it, it waits for the next poll. */
  nudge(): void {
    this.sender?.nudge();
  }

  async onModuleDestroy(): Promise<void> {
    await this.sender?.stop();
  }
}
