import { Module } from '@nestjs/common';
import { FacesService } from './faces.service.js';
import { FacesStore } from './faces.store.js';

@Module({ providers: [FacesService, FacesStore], exports: [FacesService] })
export class FacesModule {}
