import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { StreamsService } from './streams.service.js';
import { StreamsStore } from './streams.store.js';

@Module({ imports: [CamerasModule], providers: [StreamsService, StreamsStore], exports: [StreamsService] })
export class StreamsModule {}
