import { Module, type DynamicModule } from '@nestjs/common';
import { JobStore } from './jobs/job.store.js';
import { ResultsController } from './jobs/results.controller.js';
import { SubmissionsController } from './uploads/submissions.controller.js';
import { Submissions } from './uploads/submissions.js';

/** The HTTP side of the gateway; what lives longer than a request is made in `gateway.ts` and given in. */
@Module({})
export class AppModule {
  static with(services: { jobs: JobStore; submissions: Submissions }): DynamicModule {
    return {
      module: AppModule,
      controllers: [SubmissionsController, ResultsController],
      providers: [
        { provide: JobStore, useValue: services.jobs },
        { provide: Submissions, useValue: services.submissions },
      ],
    };
  }
}
