// Written by tools/generate-job-api-client.mjs from the API document of the gateway. Do not edit.
export interface paths {
  '/docs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This document, to be read and tried */
    get: operations['readDocument'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/docs/assets/{file}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What the page is made of */
    get: operations['getPageFile'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/docs/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This document, beside its page */
    get: operations['getDocumentOfPage'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/livez': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether the process turns */
    get: operations['isLive'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readyz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether jobs are taken now */
    get: operations['isReady'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v0.2/request/images': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Submit a batch of pictures
     * @description A picture that cannot be used fails alone: its item says why, the others go on.
     */
    post: operations['submitImages'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v0.2/request/video': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Submit a video: its bytes, a form, or its URL */
    post: operations['submitVideo'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v0.2/results/images/{job_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** State and result of a batch of pictures */
    get: operations['getImageJob'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v0.2/results/video/{job_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** State and result of a video */
    get: operations['getVideoJob'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v0.2/status/capacity': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How busy the system is */
    get: operations['getCapacity'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v0.2/status/latency': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How long a second of video, or a picture, takes */
    get: operations['getLatency'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/allowlist': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Persons whose faces results mark as allowlisted */
    get: operations['listAllowlist'];
    put?: never;
    /**
     * Add a person by a picture with a single face
     * @description Only a sealed vector of the face is kept, never the picture.
     */
    post: operations['addToAllowlist'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/allowlist/{personId}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Forget a person */
    delete: operations['removeFromAllowlist'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/jobs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Jobs of the tenant, newest first */
    get: operations['listJobs'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/jobs/{jobId}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** A job, and what became of its webhook */
    get: operations['getJob'];
    put?: never;
    post?: never;
    /** Remove a job that is over, with its result and its webhook messages */
    delete: operations['deleteJob'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/jobs/{jobId}/cancel': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Cancel a job that is not over
     * @description One that waits ends at once, one that is worked on within two seconds.
     */
    post: operations['cancelJob'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/jobs/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What becomes of jobs, live (server-sent events)
     * @description Event `job` for every change of state, with an id; `progress` without one, the newest only; `gap` where events are no longer kept. Reconnect with `Last-Event-ID` and nothing is missed or repeated.
     */
    get: operations['streamJobEvents'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/keys': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Keys of the tenant, newest first */
    get: operations['listKeys'];
    put?: never;
    /** Make a key; the answer is the only place where it is seen */
    post: operations['createKey'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/keys/{keyId}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One key */
    get: operations['getKey'];
    put?: never;
    post?: never;
    /** Revoke a key; it is refused within five seconds */
    delete: operations['revokeKey'];
    options?: never;
    head?: never;
    /** Change name and settings of a key */
    patch: operations['changeKey'];
    trace?: never;
  };
  '/v1/keys/{keyId}/rotate': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Make the successor of a key; both are valid for a while */
    post: operations['rotateKey'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/limits': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Every bound that a caller can run into */
    get: operations['getLimits'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This document, OpenAPI 3.1 */
    get: operations['getDocument'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/status': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What the system consists of, how long jobs wait, and when one that is submitted now would begin */
    get: operations['getStatus'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/uploads': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Begin an upload */
    post: operations['createUpload'];
    delete?: never;
    /** What this tus server can do */
    options: operations['describeUploads'];
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/uploads/{uploadId}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Give an upload up */
    delete: operations['abandonUpload'];
    options?: never;
    /** How far an upload is */
    head: operations['getUploadOffset'];
    /** Send the next bytes; the last ones make the job */
    patch: operations['continueUpload'];
    trace?: never;
  };
  '/v1/usage': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What the tenant used, by day (UTC) and media type */
    get: operations['getUsage'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/webhook-deliveries': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Webhook messages of the tenant, newest first; state=exhausted are the dead letters */
    get: operations['listWebhookDeliveries'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/webhook-deliveries/{deliveryId}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** A webhook message with every attempt to deliver it */
    get: operations['getWebhookDelivery'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/webhook-deliveries/{deliveryId}/redeliver': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Deliver a webhook message once more, whatever became of it */
    post: operations['redeliverWebhook'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    AllowlistedPerson: {
      /** Format: date-time */
      created_at: string;
      id: string;
      /** @description Of the weights that made its vector */
      model_fingerprint: string;
      name: string;
      /** @description false: it was sealed with another key than the one of now */
      readable: boolean;
    };
    ApiKey: {
      /** Format: date-time */
      created_at: string;
      expires_at: string | null;
      /** @description Whether results of its jobs hold the vectors of faces */
      face_embeddings: boolean;
      id: string;
      /** @description To the minute */
      last_used_at: string | null;
      name: string;
      /** @description First characters of the key */
      prefix: string;
      /** @description The key that this one took over from */
      replaces_id: string | null;
      /** @description null: the default of the installation */
      requests_per_minute: number | null;
      revoked_at: string | null;
      scopes: string[];
      /** @enum {unknown} */
      status: 'active' | 'expired' | 'revoked';
    };
    ContractError: {
      error: {
        code: string;
        details?: Record<string, never>;
        message: string;
      };
    };
    CreatedApiKey: {
      /** Format: date-time */
      created_at: string;
      expires_at: string | null;
      /** @description Whether results of its jobs hold the vectors of faces */
      face_embeddings: boolean;
      id: string;
      /** @description The key itself. It is shown here and never again */
      key: string;
      /** @description To the minute */
      last_used_at: string | null;
      name: string;
      /** @description First characters of the key */
      prefix: string;
      /** @description The key that this one took over from */
      replaces_id: string | null;
      /** @description null: the default of the installation */
      requests_per_minute: number | null;
      revoked_at: string | null;
      scopes: string[];
      /** @enum {unknown} */
      status: 'active' | 'expired' | 'revoked';
    };
    ImageJob: {
      error?: components['schemas']['JobError'] | null;
      /**
       * Format: date-time
       * @description The job and its result are removed then
       */
      expires_at?: string;
      items: {
        error: components['schemas']['JobError'] | null;
        external_id: string | null;
        index: number;
        result: components['schemas']['ImageResult'] | null;
        /** @enum {unknown} */
        status: 'queued' | 'processing' | 'finished' | 'failed';
      }[];
      job_id: string;
      /** @description While the job is not over */
      progress?: number;
      stage?: string | null;
      /** @enum {unknown} */
      status: 'queued' | 'processing' | 'finished' | 'failed';
    };
    ImageResult: {
      incomplete_stages?: ('faces' | 'text' | 'objects')[];
      object_detections?: {
        bbox: [number, number, number, number];
        confidence: number;
        label: string;
      }[];
      ocr_results: {
        full_text: string;
        language_code: string;
      }[];
      person_detections: {
        bbox: [number, number, number, number];
        confidence: number;
        label: string;
      }[];
      person_ids: {
        age: number | null;
        allowlisted: boolean;
        face_embedding: number[];
        face_thumbnail: string | null;
        /** @enum {string} */
        gender: 'male' | 'female' | 'unidentified';
        relative_prominence: number;
      }[];
      picture: {
        h: number;
        w: number;
      };
    };
    Job: {
      /** @description Agents that tried; 0 before the first */
      attempt: number;
      /** Format: date-time */
      created_at: string;
      error: components['schemas']['JobError'] | null;
      expires_at: string | null;
      finished_at: string | null;
      job_id: string;
      /** @enum {unknown} */
      media_type: 'video' | 'image';
      /** @description While the job is not over */
      progress: number;
      /** @description Where the result is polled */
      result_url: string;
      size_bytes: number;
      stage: string | null;
      started_at: string | null;
      /** @enum {unknown} */
      status: 'queued' | 'processing' | 'finished' | 'failed' | 'cancelled';
      webhook: {
        delivery: Record<string, never> | null;
        /** @description Without its query */
        url: string;
      } | null;
    };
    JobAccepted: {
      job_id: string;
    };
    JobError: {
      code: string;
      message: string;
    };
    JobSummary: {
      /** @description Agents that tried; 0 before the first */
      attempt: number;
      /** Format: date-time */
      created_at: string;
      error: components['schemas']['JobError'] | null;
      expires_at: string | null;
      finished_at: string | null;
      job_id: string;
      /** @enum {unknown} */
      media_type: 'video' | 'image';
      /** @description While the job is not over */
      progress: number;
      /** @description Where the result is polled */
      result_url: string;
      size_bytes: number;
      stage: string | null;
      started_at: string | null;
      /** @enum {unknown} */
      status: 'queued' | 'processing' | 'finished' | 'failed' | 'cancelled';
    };
    Problem: {
      code: string;
      detail: string;
      errors?: {
        message: string;
        path: string;
      }[];
      instance: string;
      request_id?: string;
      status: number;
      title: string;
      type: string;
    };
    VideoJob: {
      error?: components['schemas']['JobError'] | null;
      /**
       * Format: date-time
       * @description The job and its result are removed then
       */
      expires_at?: string;
      job_id: string;
      /** @description While the job is not over */
      progress?: number;
      result: components['schemas']['VideoResult'] | null;
      stage?: string | null;
      /** @enum {unknown} */
      status: 'queued' | 'processing' | 'finished' | 'failed';
    };
    VideoResult: {
      frame_activity_diffs: number[];
      incomplete_stages?: ('faces' | 'text' | 'objects')[];
      ocr_results: {
        full_text: string;
        language_code: string;
        time_segment: {
          end_seconds: number;
          start_seconds: number;
        };
      }[];
      person_constellation_scenes: {
        person_ids: {
          age: number | null;
          allowlisted: boolean;
          face_embedding: number[];
          face_thumbnail: string | null;
          /** @enum {string} */
          gender: 'male' | 'female' | 'unidentified';
          relative_prominence: number;
        }[];
        time_segment: {
          end_seconds: number;
          start_seconds: number;
        };
      }[];
      raw_scenes: {
        end_seconds: number;
        start_seconds: number;
      }[];
      sections: {
        confidence: number;
        is_critical: boolean;
        relative_activity: number;
        section_tag: string;
        thumbnail_timestamp: number;
        time_segments: {
          end_seconds: number;
          start_seconds: number;
        }[];
      }[];
    };
    Webhook: {
      /** @description Signs the message; without it there is no signature */
      secret?: string;
      /** @description http or https; called once with the result when the job is over */
      url: string;
    };
    WebhookDelivery: {
      attempts_made: number;
      /** Format: date-time */
      created_at: string;
      ended_at: string | null;
      /** @description The same over all attempts: receivers know repetitions by it */
      id: string;
      job_id: string;
      last_error: string | null;
      next_attempt_at: string | null;
      /** @description Scheme, host and port */
      receiver: string | null;
      /** @enum {unknown} */
      state: 'pending' | 'delivered' | 'exhausted' | 'cancelled';
    };
    WebhookDeliveryLog: {
      attempts: {
        /** @description Beginning of the answer */
        answer: string | null;
        /** Format: date-time */
        at: string;
        attempt: number;
        duration_ms: number;
        error: string | null;
        /** @description Whether somebody asked for it */
        manual: boolean;
        /** @description HTTP status; null when there was no answer */
        status: number | null;
      }[];
      attempts_made: number;
      /** Format: date-time */
      created_at: string;
      ended_at: string | null;
      /** @description The same over all attempts: receivers know repetitions by it */
      id: string;
      job_id: string;
      last_error: string | null;
      next_attempt_at: string | null;
      /** @description Scheme, host and port */
      receiver: string | null;
      /** @enum {unknown} */
      state: 'pending' | 'delivered' | 'exhausted' | 'cancelled';
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  readDocument: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/html': string;
        };
      };
    };
  };
  getPageFile: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Name of a script, style or picture of the page */
        file: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The file */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getDocumentOfPage: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': Record<string, never>;
        };
      };
    };
  };
  isLive: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It does */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            /** @constant */
            status: 'ok';
          };
        };
      };
    };
  };
  isReady: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Ready */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            checks: {
              [key: string]: string;
            };
            /** @constant */
            status: 'ready';
          };
        };
      };
      /** @description Not ready, with the reason by check */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            checks: {
              [key: string]: string;
            };
            /** @constant */
            status: 'not ready';
          };
        };
      };
    };
  };
  submitImages: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key with the same body names the same job for 24 hours; with another body it is refused with 422 */
        'Idempotency-Key'?: string;
        /** @description Seconds that processing may take; over it the job fails with `processing_time_exceeded`. 0: no bound */
        'Max-Processing-Time'?: number;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          images: {
            /** @description The picture (JPEG, PNG, WebP, GIF) in base64, without a data: prefix; at most 20 MiB decoded */
            data_base64: string;
            /** @description Comes back with the item; used once in a batch */
            external_id?: string | null;
          }[];
          webhook?: components['schemas']['Webhook'];
        };
      };
    };
    responses: {
      /** @description The job is stored; poll its result at `Location` */
      202: {
        headers: {
          /** @description `true`: this job was made by an earlier request with the same Idempotency-Key */
          'Idempotency-Replayed'?: string;
          /** @description Where the result is polled */
          Location?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['JobAccepted'];
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Not a media type that is taken here */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
    };
  };
  submitVideo: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key with the same body names the same job for 24 hours; with another body it is refused with 422 */
        'Idempotency-Key'?: string;
        /** @description Seconds that processing may take; over it the job fails with `processing_time_exceeded`. 0: no bound */
        'Max-Processing-Time'?: number;
        /** @description Its secret */
        'X-Webhook-Secret'?: string;
        /** @description Webhook of a body that is the video itself */
        'X-Webhook-Url'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          /** @description http or https; fetched by the server */
          video_url: string;
          webhook?: components['schemas']['Webhook'];
        };
        'application/octet-stream': string;
        'multipart/form-data': {
          /** Format: binary */
          video: string;
          webhook?: components['schemas']['Webhook'];
        };
        'video/*': string;
      };
    };
    responses: {
      /** @description The job is stored; poll its result at `Location` */
      202: {
        headers: {
          /** @description `true`: this job was made by an earlier request with the same Idempotency-Key */
          'Idempotency-Replayed'?: string;
          /** @description Where the result is polled */
          Location?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['JobAccepted'];
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Not a media type that is taken here */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
    };
  };
  getImageJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description As the submit answered */
        job_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description In every state; `Retry-After` says when to ask again */
      200: {
        headers: {
          /** @description Seconds, while the job is not over */
          'Retry-After'?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ImageJob'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
    };
  };
  getVideoJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description As the submit answered */
        job_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description In every state; `Retry-After` says when to ask again */
      200: {
        headers: {
          /** @description Seconds, while the job is not over */
          'Retry-After'?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['VideoJob'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
    };
  };
  getCapacity: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Share of the slots in use, of agents or adapters, whichever is more; 1 when none is there */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            used_system_capacity: number;
          };
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
    };
  };
  getLatency: {
    parameters: {
      query: {
        /** @description Of which media */
        media_type: 'video' | 'image';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Rolling mean over what was finished last */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            latency_ms_per_unit: number;
            /** @enum {unknown} */
            media_type: 'video' | 'image';
            /** @description 0: measured by the agents on themselves after their start */
            observed_units?: number;
            /** @enum {unknown} */
            unit: 'second' | 'image';
          };
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ContractError'];
        };
      };
    };
  };
  listAllowlist: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The persons; vectors never come out */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            persons: components['schemas']['AllowlistedPerson'][];
          };
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  addToAllowlist: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          image_base64: string;
          name: string;
        };
      };
    };
    responses: {
      /** @description Added */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AllowlistedPerson'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not a media type that is taken here */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  removeFromAllowlist: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the person */
        personId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Forgotten */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listJobs: {
    parameters: {
      query?: {
        /** @description RFC 3339 */
        created_after?: string;
        /** @description RFC 3339 */
        created_before?: string;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        /** @description Rows of a page */
        limit?: number;
        /** @description Only these */
        media_type?: 'video' | 'image';
        /** @description Only these; repeatable */
        status?: ('queued' | 'processing' | 'finished' | 'failed' | 'cancelled')[];
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page */
      200: {
        headers: {
          /** @description rel="next": the next page */
          Link?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            jobs: components['schemas']['JobSummary'][];
            /** @description null: the last page */
            next_cursor: string | null;
          };
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the job */
        jobId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The job */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Job'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the job */
        jobId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Removed */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  cancelJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the job */
        jobId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The job as it is now */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Job'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  streamJobEvents: {
    parameters: {
      query?: {
        /** @description Only these jobs; repeatable */
        job_id?: string[];
      };
      header?: {
        /** @description Id of the last event that was received */
        'Last-Event-ID'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A stream without end */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/event-stream': string;
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listKeys: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the page before */
        cursor?: string;
        /** @description Rows of a page */
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            keys: components['schemas']['ApiKey'][];
            /** @description null: the last page */
            next_cursor: string | null;
          };
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  createKey: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          expires_at?: string | null;
          /** @description Whether results of its jobs hold the vectors of faces. Default: no */
          face_embeddings?: boolean;
          name: string;
          requests_per_minute?: number | null;
          scopes: ('jobs:read' | 'jobs:write' | 'keys:manage' | 'allowlist:manage')[];
        };
      };
    };
    responses: {
      /** @description The key */
      201: {
        headers: {
          /** @description The key’s own address */
          Location?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CreatedApiKey'];
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the key */
        keyId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The key */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ApiKey'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  revokeKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the key */
        keyId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Revoked */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  changeKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the key */
        keyId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          /** @description Whether results of its jobs hold the vectors of faces. Default: no */
          face_embeddings?: boolean;
          name?: string;
          requests_per_minute?: number | null;
        };
      };
    };
    responses: {
      /** @description The key */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ApiKey'];
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  rotateKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the key */
        keyId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': {
          overlap_seconds: number;
        };
      };
    };
    responses: {
      /** @description The new key */
      201: {
        headers: {
          /** @description The key’s own address */
          Location?: string;
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['CreatedApiKey'];
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getLimits: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The limits */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            allowlist: {
              image_bytes_max: number;
              persons_max: number;
            };
            image_batch: {
              bytes_max: number;
              image_bytes_max: number;
              images_max: number;
            };
            /** @description Of a job that names no Max-Processing-Time; null: unbounded */
            max_processing_seconds: number | null;
            quotas: {
              /** @description null: unbounded */
              limit: number | null;
              /** @enum {unknown} */
              name: 'jobs-open' | 'jobs-per-day' | 'upload-bytes-per-day';
              resets_in_seconds: number | null;
              used: number;
            }[];
            /** @description Of the key that asks */
            requests_per_minute: number;
            retention_days: number;
            video: {
              bytes_max: number;
            };
          };
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getDocument: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': Record<string, never>;
        };
      };
    };
  };
  getStatus: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The status */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            adapters: {
              capabilities: string[];
              healthy: boolean | null;
              id: string;
              models_loaded: string[];
              queued: number;
              slots: {
                busy: number;
                total: number;
              };
            }[];
            agents: {
              id: string;
              job_slots: {
                busy: number;
                total: number;
              };
              stream_slots: {
                busy: number;
                total: number;
              };
            }[];
            /** @description null: nobody is there to begin */
            estimated_start_seconds: number | null;
            jobs: {
              processing: number;
              queued: number;
            };
            media_types: {
              latency_ms_per_unit: number;
              /** @enum {unknown} */
              media_type: 'video' | 'image';
              observed_units: number;
              processing: number;
              queued: number;
              /** @enum {unknown} */
              unit: 'second' | 'image';
            }[];
            queue_wait: {
              jobs: number;
              p50_seconds: number | null;
              p95_seconds: number | null;
              window_seconds: number;
            };
            used_system_capacity: number;
          };
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  createUpload: {
    parameters: {
      query?: never;
      header: {
        /** @description 1.0.0 */
        'Tus-Resumable': string;
        /** @description Bytes of the whole video */
        'Upload-Length'?: string;
        /** @description `filename`, `max_processing_time`, `webhook_url`, `webhook_secret`; values in base64 */
        'Upload-Metadata'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Begun */
      201: {
        headers: {
          /** @description Where its result is polled */
          'Content-Location'?: string;
          /** @description Address of the upload */
          Location?: string;
          /** @description Id of the job, once the upload is complete */
          'X-Job-Id'?: string;
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not the version of the protocol that this server speaks */
      412: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not a media type that is taken here */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  describeUploads: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description In its headers */
      204: {
        headers: {
          /** @description Names of extensions */
          'Tus-Extension'?: string;
          /** @description Bytes */
          'Tus-Max-Size'?: string;
          /** @description 1.0.0 */
          'Tus-Version'?: string;
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  abandonUpload: {
    parameters: {
      query?: never;
      header: {
        /** @description 1.0.0 */
        'Tus-Resumable': string;
      };
      path: {
        /** @description As the address of the upload ends */
        uploadId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Removed */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It was given up */
      410: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not the version of the protocol that this server speaks */
      412: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getUploadOffset: {
    parameters: {
      query?: never;
      header: {
        /** @description 1.0.0 */
        'Tus-Resumable': string;
      };
      path: {
        /** @description As the address of the upload ends */
        uploadId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description In its headers */
      200: {
        headers: {
          /** @description Where its result is polled */
          'Content-Location'?: string;
          /** @description Bytes that have arrived */
          'Upload-Offset'?: string;
          /** @description Id of the job, once the upload is complete */
          'X-Job-Id'?: string;
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It was given up */
      410: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not the version of the protocol that this server speaks */
      412: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  continueUpload: {
    parameters: {
      query?: never;
      header: {
        /** @description 1.0.0 */
        'Tus-Resumable': string;
        /** @description Where these bytes belong */
        'Upload-Offset': string;
      };
      path: {
        /** @description As the address of the upload ends */
        uploadId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/offset+octet-stream': string;
      };
    };
    responses: {
      /** @description Taken */
      204: {
        headers: {
          /** @description Where its result is polled */
          'Content-Location'?: string;
          /** @description Bytes that have arrived */
          'Upload-Offset'?: string;
          /** @description Id of the job, once the upload is complete */
          'X-Job-Id'?: string;
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not in this state, or not while another request is under way */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description It was given up */
      410: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not the version of the protocol that this server speaks */
      412: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too large */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Not a media type that is taken here */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Well formed, and still not what can be taken: the answer names the fields */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getUsage: {
    parameters: {
      query?: {
        /** @description First day */
        from?: string;
        /** @description Last day */
        to?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The usage */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            days: {
              analysed_units: number;
              bytes: number;
              /** Format: date */
              day: string;
              images: number;
              jobs: number;
              /** @enum {unknown} */
              media_type: 'video' | 'image';
              /** @enum {unknown} */
              unit: 'second' | 'image';
            }[];
            /** Format: date */
            from: string;
            /** Format: date */
            to: string;
            totals: {
              analysed_units: number;
              bytes: number;
              images: number;
              jobs: number;
              /** @enum {unknown} */
              media_type: 'video' | 'image';
              /** @enum {unknown} */
              unit: 'second' | 'image';
            }[];
          };
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listWebhookDeliveries: {
    parameters: {
      query?: {
        /** @description `next_cursor` of the page before */
        cursor?: string;
        /** @description Of this job */
        job_id?: string;
        /** @description Rows of a page */
        limit?: number;
        /** @description Only these */
        state?: 'pending' | 'delivered' | 'exhausted' | 'cancelled';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            deliveries: components['schemas']['WebhookDelivery'][];
            /** @description null: the last page */
            next_cursor: string | null;
          };
        };
      };
      /** @description The request makes no sense, which the answer explains */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getWebhookDelivery: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the message */
        deliveryId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The message */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WebhookDeliveryLog'];
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  redeliverWebhook: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Id of the message */
        deliveryId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It will be tried now */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            id: string;
          };
        };
      };
      /** @description A key or token is missing or not valid */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description The key lacks the scope that this needs */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description There is none, or it is somebody else’s */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Over the rate or the quota; `Retry-After` says when to come back */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description Too busy, or a part of the system is away; `Retry-After` says when to come back */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
}
