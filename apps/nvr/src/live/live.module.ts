import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { EventsModule } from '../events/events.module.js';
import { LiveController } from './live.controller.js';
import { LiveHub } from './live-hub.js';
import { LiveService } from './live.service.js';

@Module({ imports: [CamerasModule, EventsModule], controllers: [LiveController], providers: [LiveHub, LiveService], exports: [LiveHub] })
export class LiveModule {}
