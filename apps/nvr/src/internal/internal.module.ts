import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { EventsModule } from '../events/events.module.js';
import { PlaybackModule } from '../playback/playback.module.js';
import { CameraAgentController } from './camera-agent.controller.js';
import { RecordedFrameController } from './recorded-frame.controller.js';

@Module({ imports: [CamerasModule, EventsModule, PlaybackModule], controllers: [CameraAgentController, RecordedFrameController] })
export class InternalModule {}
