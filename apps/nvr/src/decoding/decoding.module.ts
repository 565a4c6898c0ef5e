import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { DecodeReports } from './decode-reports.js';
import { DecodingController } from './decoding.controller.js';

@Module({ imports: [CamerasModule], controllers: [DecodingController], providers: [DecodeReports], exports: [DecodeReports] })
export class DecodingModule {}
