import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { LunaModule } from '../luna/luna.module.js';
import { StreamAssignments } from './stream-assignments.js';
import { StreamsService } from './streams.service.js';
import { StreamsStore } from './streams.store.js';

@Module({ imports: [CamerasModule, LunaModule], providers: [StreamsService, StreamAssignments, StreamsStore], exports: [StreamsService] })
export class StreamsModule {}
