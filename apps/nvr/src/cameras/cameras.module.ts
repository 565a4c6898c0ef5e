import { Module } from '@nestjs/common';
import { findFfmpeg } from '@nightjar/media';
import { AuditModule } from '../audit/audit.module.js';
import type { NvrConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { CameraConfigsController } from './camera-configs.controller.js';
import { CameraConnections } from './camera-connections.js';
import { CameraNetworks } from './camera-networks.js';
import { CameraPermissionsController } from './camera-permissions.controller.js';
import { CameraPermissionsService } from './camera-permissions.service.js';
import { CameraPermissionsStore } from './camera-permissions.store.js';
import { CameraTestsController } from './camera-tests.controller.js';
import { CameraTests, FFMPEG } from './camera-tests.service.js';
import { CameraTransportController } from './camera-transport.controller.js';
import { CamerasController } from './cameras.controller.js';
import { CamerasService } from './cameras.service.js';
import { CamerasStore } from './cameras.store.js';
import { DemoCamera } from './demo-camera.js';
import { DemoCameraStore } from './demo-camera.store.js';
import { DeviceSettingsController } from './onvif/device-settings.controller.js';
import { OnvifController } from './onvif/onvif.controller.js';
import { OnvifService } from './onvif/onvif.service.js';
import { ReferencedCameras } from './referenced-cameras.js';

/** What the recorder shares with the API: rows of cameras and how to connect to them. */
@Module({
  providers: [
    CamerasStore,
    CameraConnections,
    {
      provide: CameraNetworks,
      inject: [CONFIG],
      useFactory: (config: NvrConfig) => new CameraNetworks({ networks: config.cameraNetworks, ownPorts: config.ownPorts }),
    },
  ],
  exports: [CamerasStore, CameraConnections, CameraNetworks],
})
export class CameraConnectionsModule {}

@Module({
  imports: [AuditModule, CameraConnectionsModule],
  controllers: [
    CameraConfigsController,
    DeviceSettingsController,
    CameraTestsController,
    CameraTransportController,
    CameraPermissionsController,
    OnvifController,
    CamerasController,
  ],
  providers: [
    CamerasService,
    CameraPermissionsService,
    CameraPermissionsStore,
    CameraTests,
    DemoCamera,
    DemoCameraStore,
    OnvifService,
    ReferencedCameras,
    // Undefined where there is none: everything but the tests of connections works without it.
    { provide: FFMPEG, inject: [CONFIG], useFactory: (config: NvrConfig) => findFfmpeg({ configuredPath: config.ffmpegPath }) },
  ],
  exports: [CamerasService, ReferencedCameras, CameraConnectionsModule],
})
export class CamerasModule {}
