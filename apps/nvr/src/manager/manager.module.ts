import { Module } from '@nestjs/common';
import { DecodingModule } from '../decoding/decoding.module.js';
import { ManagerController } from './manager.controller.js';

@Module({ imports: [DecodingModule], controllers: [ManagerController] })
export class ManagerModule {}
