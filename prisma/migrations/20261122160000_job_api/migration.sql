-- CreateEnum
CREATE TYPE "jobs"."delivery_state" AS ENUM ('pending', 'delivered', 'exhausted', 'cancelled');

-- DropForeignKey
ALTER TABLE "jobs"."job" DROP CONSTRAINT "job_api_key_id_fkey";

-- AlterTable
ALTER TABLE "jobs"."api_key" ADD COLUMN     "face_embeddings" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "replaces_id" UUID,
ADD COLUMN     "requests_per_minute" INTEGER;

-- AlterTable
ALTER TABLE "jobs"."job" ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "face_embeddings" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "media_units" REAL,
ADD COLUMN     "processing_ms" INTEGER,
ADD COLUMN     "user_id" INTEGER,
ADD COLUMN     "webhook_secret" BYTEA,
ADD COLUMN     "webhook_url" TEXT,
ALTER COLUMN "api_key_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "jobs"."job_fetch" (
    "job_id" VARCHAR(64) NOT NULL,
    "url" BYTEA NOT NULL,
    "bytes_received" BIGINT NOT NULL DEFAULT 0,
    "etag" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_id" UUID,
    "lease_until" TIMESTAMPTZ(3),

    CONSTRAINT "job_fetch_pkey" PRIMARY KEY ("job_id")
);

-- CreateTable
CREATE TABLE "jobs"."job_result_part" (
    "job_id" VARCHAR(64) NOT NULL,
    "lease_id" UUID NOT NULL,
    "part" INTEGER NOT NULL,
    "data" BYTEA NOT NULL,

    CONSTRAINT "job_result_part_pkey" PRIMARY KEY ("job_id","lease_id","part")
);

-- CreateTable
CREATE TABLE "jobs"."job_event" (
    "seq" BIGSERIAL NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "job_id" VARCHAR(64) NOT NULL,
    "state" "jobs"."job_state" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "xid" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,

    CONSTRAINT "job_event_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "jobs"."idempotency_record" (
    "owner" VARCHAR(64) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "fingerprint" BYTEA,
    "job_id" VARCHAR(64),
    "locked_until" TIMESTAMPTZ(3) NOT NULL,
    "lock_id" UUID NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_record_pkey" PRIMARY KEY ("owner","key")
);

-- CreateTable
CREATE TABLE "jobs"."webhook_delivery" (
    "id" VARCHAR(64) NOT NULL,
    "job_id" VARCHAR(64) NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "state" "jobs"."delivery_state" NOT NULL DEFAULT 'pending',
    "origin" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "redeliver_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs"."webhook_attempt" (
    "delivery_id" VARCHAR(64) NOT NULL,
    "attempt" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "duration_ms" INTEGER NOT NULL,
    "status" INTEGER,
    "error" TEXT,
    "answer" TEXT,
    "manual" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "webhook_attempt_pkey" PRIMARY KEY ("delivery_id","attempt")
);

-- CreateTable
CREATE TABLE "jobs"."usage_day" (
    "tenant_id" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "media_type" "jobs"."media_type" NOT NULL,
    "slot" SMALLINT NOT NULL DEFAULT 0,
    "jobs" INTEGER NOT NULL DEFAULT 0,
    "images" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "media_units" DOUBLE PRECISION NOT NULL DEFAULT 0,

    CONSTRAINT "usage_day_pkey" PRIMARY KEY ("tenant_id","day","media_type","slot")
);

-- CreateTable
CREATE TABLE "jobs"."quota_reservation" (
    "id" UUID NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "quota_reservation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs"."tenant" (
    "id" INTEGER NOT NULL,
    "jobs_open_max" INTEGER,
    "jobs_per_day_max" INTEGER,
    "upload_bytes_per_day_max" BIGINT,

    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs"."allowlisted_person" (
    "id" UUID NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "name" VARCHAR(256) NOT NULL,
    "embedding" BYTEA NOT NULL,
    "model_fingerprint" VARCHAR(128) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "allowlisted_person_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "job_fetch_run_after_idx" ON "jobs"."job_fetch"("run_after");

-- CreateIndex
CREATE INDEX "job_event_xid_seq_idx" ON "jobs"."job_event"("xid", "seq");

-- CreateIndex
CREATE INDEX "job_event_tenant_id_xid_seq_idx" ON "jobs"."job_event"("tenant_id", "xid", "seq");

-- CreateIndex
CREATE INDEX "job_event_at_idx" ON "jobs"."job_event"("at");

-- CreateIndex
CREATE INDEX "idempotency_record_expires_at_idx" ON "jobs"."idempotency_record"("expires_at");

-- CreateIndex
CREATE INDEX "idempotency_record_job_id_idx" ON "jobs"."idempotency_record"("job_id");

-- CreateIndex
CREATE INDEX "webhook_delivery_tenant_id_created_at_idx" ON "jobs"."webhook_delivery"("tenant_id", "created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "webhook_delivery_job_id_key" ON "jobs"."webhook_delivery"("job_id");

-- CreateIndex
CREATE INDEX "quota_reservation_tenant_id_idx" ON "jobs"."quota_reservation"("tenant_id");

-- CreateIndex
CREATE INDEX "allowlisted_person_tenant_id_idx" ON "jobs"."allowlisted_person"("tenant_id");

-- CreateIndex
CREATE INDEX "job_tenant_id_id_idx" ON "jobs"."job"("tenant_id", "id" DESC);

-- CreateIndex
CREATE INDEX "job_expires_at_idx" ON "jobs"."job"("expires_at");

-- AddForeignKey
ALTER TABLE "jobs"."job" ADD CONSTRAINT "job_api_key_id_fkey" FOREIGN KEY ("api_key_id") REFERENCES "jobs"."api_key"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs"."job_fetch" ADD CONSTRAINT "job_fetch_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"."job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs"."job_result_part" ADD CONSTRAINT "job_result_part_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"."job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs"."webhook_delivery" ADD CONSTRAINT "webhook_delivery_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"."job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs"."webhook_attempt" ADD CONSTRAINT "webhook_attempt_delivery_id_fkey" FOREIGN KEY ("delivery_id") REFERENCES "jobs"."webhook_delivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- Jobs that ended before results had a day of removal.
UPDATE "jobs"."job" SET "expires_at" = coalesce("finished_at", now()) + interval '30 days' WHERE "state" IN ('finished', 'failed', 'cancelled');
-- What a claim looks for: jobs whose media are there. A video that is still fetched has no file yet.
DROP INDEX "jobs"."job_waiting_idx";
CREATE INDEX "job_waiting_idx" ON "jobs"."job" ("run_after", "id") WHERE "state" = 'queued' AND ("media_type" = 'image' OR "media_file" IS NOT NULL);
-- What the rows of one tenant's open jobs are counted by, for its quota.
CREATE INDEX "job_open_idx" ON "jobs"."job" ("tenant_id") WHERE "state" IN ('queued', 'processing');
-- What the observed latency is read from.
CREATE INDEX "job_observed_idx" ON "jobs"."job" ("media_type", "finished_at" DESC) WHERE "state" = 'finished' AND "media_units" > 0;
-- What waits for a receiver, and how many messages are on their way to it.
CREATE INDEX "webhook_delivery_waiting_idx" ON "jobs"."webhook_delivery" ("origin", (coalesce("redeliver_at", "run_after"))) WHERE "state" = 'pending' OR "redeliver_at" IS NOT NULL;
CREATE INDEX "webhook_delivery_leased_idx" ON "jobs"."webhook_delivery" ("origin") WHERE "lease_id" IS NOT NULL;

-- Takes room in a tenant's quotas for the jobs that are asked for together, in their order, or says which of the quotas has none left.
-- A function, for each of its statements sees what was committed while it waited for the tenant's row: a single statement would count
-- with what it saw when it began. A bound of 0 is none, and nothing is counted for it; wanted_bytes NULL: all that is left. Nothing is
-- lost with a reservation, so its commit does not wait for the disk.
CREATE FUNCTION "jobs"."reserve_quotas"(
    new_reservations UUID[], of_tenant INTEGER, wanted_bytes BIGINT[], lifetime_ms DOUBLE PRECISION,
    default_jobs_open_max INTEGER, default_jobs_per_day_max INTEGER, default_upload_bytes_per_day_max BIGINT
) RETURNS TABLE (
    refused_by TEXT, granted_bytes BIGINT,
    jobs_open_bound BIGINT, jobs_open_used BIGINT,
    jobs_per_day_bound BIGINT, jobs_per_day_used BIGINT,
    upload_bytes_per_day_bound BIGINT, upload_bytes_per_day_used BIGINT
) LANGUAGE plpgsql AS $$
DECLARE
    granted_reservations UUID[] := '{}';
    granted_sizes BIGINT[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT coalesce(jobs_open_max, default_jobs_open_max), coalesce(jobs_per_day_max, default_jobs_per_day_max),
        coalesce(upload_bytes_per_day_max, default_upload_bytes_per_day_max)
    INTO jobs_open_bound, jobs_per_day_bound, upload_bytes_per_day_bound FROM jobs.tenant WHERE id = of_tenant FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO jobs.tenant (id) VALUES (of_tenant) ON CONFLICT DO NOTHING;
        SELECT coalesce(jobs_open_max, default_jobs_open_max), coalesce(jobs_per_day_max, default_jobs_per_day_max),
            coalesce(upload_bytes_per_day_max, default_upload_bytes_per_day_max)
        INTO jobs_open_bound, jobs_per_day_bound, upload_bytes_per_day_bound FROM jobs.tenant WHERE id = of_tenant FOR UPDATE;
    END IF;
    -- One statement: a reservation that becomes a job meanwhile is counted as one of the two.
    SELECT held.jobs + CASE WHEN jobs_open_bound > 0
            THEN (SELECT count(*) FROM jobs.job WHERE tenant_id = of_tenant AND state IN ('queued', 'processing')) ELSE 0 END,
        held.jobs + today.jobs, held.bytes + today.bytes
    INTO jobs_open_used, jobs_per_day_used, upload_bytes_per_day_used
    FROM (SELECT count(*) AS jobs, coalesce(sum(bytes), 0)::bigint AS bytes
            FROM jobs.quota_reservation WHERE tenant_id = of_tenant AND expires_at > now()) AS held,
        (SELECT coalesce(sum(jobs), 0)::bigint AS jobs, coalesce(sum(bytes), 0)::bigint AS bytes
            FROM jobs.usage_day WHERE tenant_id = of_tenant AND day = (now() AT TIME ZONE 'UTC')::date
                AND (jobs_per_day_bound > 0 OR upload_bytes_per_day_bound > 0)) AS today;
    FOR number IN 1 .. cardinality(new_reservations) LOOP
        granted_bytes := coalesce(wanted_bytes[number],
            CASE WHEN upload_bytes_per_day_bound > 0 THEN greatest(upload_bytes_per_day_bound - upload_bytes_per_day_used, 1) ELSE 0 END);
        refused_by := CASE
            WHEN jobs_open_bound > 0 AND jobs_open_used >= jobs_open_bound THEN 'jobs-open'
            WHEN jobs_per_day_bound > 0 AND jobs_per_day_used >= jobs_per_day_bound THEN 'jobs-per-day'
            WHEN upload_bytes_per_day_bound > 0 AND upload_bytes_per_day_used + granted_bytes > upload_bytes_per_day_bound THEN 'upload-bytes-per-day'
        END;
        RETURN NEXT;
        IF refused_by IS NULL THEN
            granted_reservations := granted_reservations || new_reservations[number];
            granted_sizes := granted_sizes || granted_bytes;
            jobs_open_used := jobs_open_used + 1;
            jobs_per_day_used := jobs_per_day_used + 1;
            upload_bytes_per_day_used := upload_bytes_per_day_used + granted_bytes;
        END IF;
    END LOOP;
    INSERT INTO jobs.quota_reservation (id, tenant_id, bytes, expires_at)
    SELECT granted.id, of_tenant, granted.bytes, clock_timestamp() + lifetime_ms * interval '1 ms'
    FROM unnest(granted_reservations, granted_sizes) AS granted (id, bytes);
END $$;
