import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { WebSocketDoor } from '@nightjar/websocket-door';
import { EnginePool } from './engine/engine-pool.js';
import type { ExecutionProvider } from './engine/protocol.js';
import { AdapterMetrics } from './http/adapter-metrics.js';
import { ContractFacesController } from './http/contract/contract-faces.controller.js';
import { ContractInference } from './http/contract/contract-inference.js';
import { ContractStatusController } from './http/contract/contract-status.controller.js';
import { WANTED_PROVIDERS } from './http/contract/evaluate-hardware.js';
import { ContractStreamController } from './http/contract/stream/contract-stream.controller.js';
import { StreamSessions } from './http/contract/stream/stream-sessions.js';
import { DocsController, ROOT_SURFACE } from './http/docs/docs.controller.js';
import { FaceDescriber } from './http/face-describer.js';
import { FacesController } from './http/faces.controller.js';
import { InferController } from './http/infer.controller.js';
import { LegacyFacesController } from './http/legacy/legacy-faces.controller.js';
import { LegacyPipelineController } from './http/legacy/legacy-pipeline.controller.js';
import { LegacyStatusController } from './http/legacy/legacy-status.controller.js';
import type { RootSurface } from './http/surface.js';
import { SystemHardware } from './http/system-hardware.js';
import { FaceRegistry } from './faces/face-registry.js';
import { FrameResolver } from './intake/frame-resolver.js';
import { TaskCatalogue } from './tasks/task-catalogue.js';
import { TaskRunner } from './tasks/task-runner.js';

/** What adapter.ts makes and controllers use. */
export interface AppModuleParts {
  readonly pool: EnginePool;
  readonly catalogue: TaskCatalogue;
  readonly frames: FrameResolver;
  readonly faces: FaceRegistry;
  readonly hardware: SystemHardware;
  /** Where models are to run, in order of preference; absent: on the processor. */
  readonly providers?: readonly ExecutionProvider[];
}

/** What adapter-http.ts adds. */
interface HttpParts {
  readonly runner: TaskRunner;
  readonly rootSurface: RootSurface;
  readonly metrics: AdapterMetrics;
  readonly inference: ContractInference;
  readonly streams: StreamSessions;
  readonly door: WebSocketDoor;
}

/** Routes of both. */
const sharedControllers: Type[] = [InferController, FacesController];
/** Routes of the legacy surface: at the root, or under `/legacy`. */
const legacyControllers: Type[] = [LegacyStatusController, LegacyPipelineController, LegacyFacesController];
/** Routes of Contract v1: under `/contract`, or at the root. */
const contractControllers: Type[] = [ContractStatusController, ContractStreamController, ContractFacesController];
/** Routes that have one place, whatever the root answers. */
const fixedControllers: Type[] = [DocsController];

@Module({ controllers: [...sharedControllers, ...legacyControllers] })
class LegacyUnderPrefix {}

@Module({ controllers: [...sharedControllers, ...contractControllers] })
class ContractUnderPrefix {}

@Module({})
class Root {}

@Module({})
export class AppModule {
  /** Both surfaces under their prefixes, and one of them at the root. */
  static with({ pool, catalogue, frames, faces, hardware, providers: wanted = ['cpu'] }: AppModuleParts, http: HttpParts): DynamicModule {
    const providers = [
      { provide: EnginePool, useValue: pool },
      { provide: TaskCatalogue, useValue: catalogue },
      { provide: TaskRunner, useValue: http.runner },
      { provide: FrameResolver, useValue: frames },
      { provide: FaceRegistry, useValue: faces },
      { provide: FaceDescriber, useValue: new FaceDescriber(pool) },
      { provide: SystemHardware, useValue: hardware },
      { provide: AdapterMetrics, useValue: http.metrics },
      { provide: ContractInference, useValue: http.inference },
      { provide: StreamSessions, useValue: http.streams },
      { provide: WebSocketDoor, useValue: http.door },
      { provide: WANTED_PROVIDERS, useValue: wanted },
      { provide: ROOT_SURFACE, useValue: http.rootSurface },
    ];
    const ofRoot = http.rootSurface === 'legacy' ? legacyControllers : contractControllers;
    return {
      module: AppModule,
      global: true,
      imports: [
        { module: Root, controllers: [...sharedControllers, ...ofRoot, ...fixedControllers] },
        LegacyUnderPrefix,
        ContractUnderPrefix,
        RouterModule.register([
          { path: 'legacy', module: LegacyUnderPrefix },
          { path: 'contract', module: ContractUnderPrefix },
        ]),
      ],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
