import { Module } from '@nestjs/common';
import { ResourceSampler } from './resource-sampler.js';
import { SystemController } from './system.controller.js';

@Module({ controllers: [SystemController], providers: [ResourceSampler] })
export class SystemModule {}
