import { Module, type DynamicModule } from '@nestjs/common';
import { EnginePool } from './engine/engine-pool.js';
import { LegacyInferController } from './http/legacy/legacy-infer.controller.js';
import { LegacyStatusController } from './http/legacy/legacy-status.controller.js';
import { LegacyTasks } from './http/legacy/legacy-tasks.js';
import { SystemHardware } from './http/system-hardware.js';
import { FrameResolver } from './intake/frame-resolver.js';

/** What main.ts makes and controllers use. */
export interface AppModuleParts {
  readonly pool: EnginePool;
  readonly tasks: LegacyTasks;
  readonly frames: FrameResolver;
  readonly hardware: SystemHardware;
}

@Module({})
export class AppModule {
  static with({ pool, tasks, frames, hardware }: AppModuleParts): DynamicModule {
    return {
      module: AppModule,
      controllers: [LegacyStatusController, LegacyInferController],
      providers: [
        { provide: EnginePool, useValue: pool },
        { provide: LegacyTasks, useValue: tasks },
        { provide: FrameResolver, useValue: frames },
        { provide: SystemHardware, useValue: hardware },
      ],
    };
  }
}
