import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { PlaybackModule } from '../playback/playback.module.js';
import { BestPictures } from './best-pictures.js';
import { BestPicturesStore } from './best-pictures.store.js';

@Module({ imports: [EventsModule, PlaybackModule], providers: [BestPictures, BestPicturesStore] })
export class BestPicturesModule {}
