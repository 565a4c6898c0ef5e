import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { MessageQueue } from './message-queue.js';
import { MessagesController } from './messages.controller.js';
import { MessagesStore } from './messages.store.js';
import { RuleSender } from './rule-sender.js';
import { RulesController } from './rules.controller.js';
import { RulesService } from './rules.service.js';
import { RulesStore } from './rules.store.js';

@Module({
  imports: [AuditModule, CamerasModule],
  controllers: [RulesController, MessagesController],
  providers: [RulesService, RulesStore, MessagesStore, MessageQueue, RuleSender],
  exports: [RuleSender, MessagesStore],
})
export class RulesModule {}
