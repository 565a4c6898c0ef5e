import { Module, type DynamicModule } from '@nestjs/common';
import { WebhookSender } from '@nightjar/webhooks';
import { ApiDocument, DocsController } from './docs/docs.controller.js';
import { AllowlistController } from './allowlist/allowlist.controller.js';
import { AllowlistService } from './allowlist/allowlist.service.js';
import { UrlSubmissions } from './fetches/url-submissions.js';
import { OperationPaths } from './http/operation-paths.js';
import { JobStore } from './jobs/job.store.js';
import { JobsController } from './jobs/jobs.controller.js';
import { JobsService } from './jobs/jobs.service.js';
import { LiveController } from './jobs/live/live.controller.js';
import { LiveHub } from './jobs/live/live-hub.js';
import { ResultsController } from './jobs/results.controller.js';
import { CallerAuthenticator } from './keys/caller-authenticator.js';
import { KeysController } from './keys/keys.controller.js';
import { KeysService } from './keys/keys.service.js';
import { UsageController } from './quotas/usage.controller.js';
import { UsageService } from './quotas/usage.service.js';
import { StatusController } from './status/status.controller.js';
import { SystemStatus } from './status/system-status.js';
import { ResumableUploadsController } from './uploads/resumable/resumable-uploads.controller.js';
import { ResumableUploads } from './uploads/resumable/resumable-uploads.js';
import { SubmissionsController } from './uploads/submissions.controller.js';
import { Submissions } from './uploads/submissions.js';
import { DeliveriesController } from './webhooks/deliveries.controller.js';
import { DeliveryStore } from './webhooks/deliveries.store.js';
import type { Webhooks } from './webhooks/start-webhooks.js';

/** What the controllers are given; all of it lives longer than a request. */
export interface GatewayServices {
  api: ApiDocument;
  paths: OperationPaths;
  status: SystemStatus;
  usage: UsageService;
  allowlist: AllowlistService;
  jobs: JobStore;
  keys: KeysService;
  jobsService: JobsService;
  hub: LiveHub;
  callers: CallerAuthenticator;
  submissions: Submissions;
  urlSubmissions: UrlSubmissions;
  resumableUploads: ResumableUploads;
  webhooks: Webhooks;
}

/** The HTTP side of the gateway; what lives longer than a request is made in `gateway.ts` and given in. */
@Module({})
export class AppModule {
  static with(services: GatewayServices): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        DocsController,
        KeysController,
        SubmissionsController,
        ResumableUploadsController,
        ResultsController,
        JobsController,
        LiveController,
        DeliveriesController,
        StatusController,
        UsageController,
        AllowlistController,
      ],
      providers: [
        { provide: ApiDocument, useValue: services.api },
        { provide: OperationPaths, useValue: services.paths },
        { provide: SystemStatus, useValue: services.status },
        { provide: UsageService, useValue: services.usage },
        { provide: AllowlistService, useValue: services.allowlist },
        { provide: KeysService, useValue: services.keys },
        { provide: JobStore, useValue: services.jobs },
        { provide: JobsService, useValue: services.jobsService },
        { provide: LiveHub, useValue: services.hub },
        { provide: CallerAuthenticator, useValue: services.callers },
        { provide: Submissions, useValue: services.submissions },
        { provide: UrlSubmissions, useValue: services.urlSubmissions },
        { provide: ResumableUploads, useValue: services.resumableUploads },
        { provide: DeliveryStore, useValue: services.webhooks.deliveries },
        { provide: WebhookSender, useValue: services.webhooks.sender },
      ],
    };
  }
}
