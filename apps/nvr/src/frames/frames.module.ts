import { Module } from '@nestjs/common';
import { FramesService } from './frames.service.js';

@Module({ providers: [FramesService], exports: [FramesService] })
export class FramesModule {}
