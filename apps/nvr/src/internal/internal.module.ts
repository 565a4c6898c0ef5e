import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { EventsModule } from '../events/events.module.js';
import { CameraAgentController } from './camera-agent.controller.js';

@Module({ imports: [CamerasModule, EventsModule], controllers: [CameraAgentController] })
export class InternalModule {}
