-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "jobs";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "nvr";

-- CreateEnum
CREATE TYPE "jobs"."media_type" AS ENUM ('video', 'image');

-- CreateEnum
CREATE TYPE "jobs"."job_state" AS ENUM ('queued', 'processing', 'finished', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "nvr"."event_source" AS ENUM ('tier0', 'camera', 'app', 'adapter');

-- CreateEnum
CREATE TYPE "nvr"."event_type" AS ENUM ('track', 'alarm', 'alert');

-- CreateTable
CREATE TABLE "jobs"."api_key" (
    "id" UUID NOT NULL,
    "tenant_id" INTEGER NOT NULL DEFAULT 1,
    "name" VARCHAR(100) NOT NULL,
    "prefix" VARCHAR(16) NOT NULL,
    "sha256" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs"."job" (
    "id" VARCHAR(64) NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "api_key_id" UUID NOT NULL,
    "media_type" "jobs"."media_type" NOT NULL,
    "state" "jobs"."job_state" NOT NULL DEFAULT 'queued',
    "max_processing_seconds" INTEGER NOT NULL DEFAULT 0,
    "media_file" TEXT,
    "size_bytes" BIGINT NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "attempts_max" INTEGER NOT NULL DEFAULT 5,
    "times_returned" INTEGER NOT NULL DEFAULT 0,
    "lease_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "lease_holder" VARCHAR(128),
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "cancel_requested" BOOLEAN NOT NULL DEFAULT false,
    "progress" REAL NOT NULL DEFAULT 0,
    "stage" VARCHAR(64),
    "result" JSON,
    "error_code" VARCHAR(64),
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs"."job_item" (
    "job_id" VARCHAR(64) NOT NULL,
    "index" INTEGER NOT NULL,
    "external_id" VARCHAR(256),
    "state" "jobs"."job_state" NOT NULL DEFAULT 'queued',
    "media_file" TEXT,
    "size_bytes" INTEGER NOT NULL DEFAULT 0,
    "result" JSON,
    "error_code" VARCHAR(64),
    "error_message" TEXT,

    CONSTRAINT "job_item_pkey" PRIMARY KEY ("job_id","index")
);

-- CreateTable
CREATE TABLE "nvr"."user" (
    "id" SERIAL NOT NULL,
    "tenant_id" INTEGER NOT NULL DEFAULT 1,
    "username" VARCHAR(50) NOT NULL,
    "password_hash" TEXT NOT NULL,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "is_superuser" BOOLEAN NOT NULL DEFAULT false,
    "token_version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."signing_key" (
    "kid" VARCHAR(64) NOT NULL,
    "public_pem" TEXT NOT NULL,
    "encrypted_private" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "nvr"."camera" (
    "id" SERIAL NOT NULL,
    "uuid" UUID NOT NULL,
    "owner_id" INTEGER,
    "frames_name" VARCHAR(64) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "description" TEXT,
    "rtsp_url" VARCHAR(500) NOT NULL,
    "substream_url" VARCHAR(500),
    "username" VARCHAR(100),
    "encrypted_password" BYTEA,
    "location" VARCHAR(200),
    "manufacturer" VARCHAR(100),
    "model" VARCHAR(100),
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "is_demo" BOOLEAN NOT NULL DEFAULT false,
    "recording_enabled" BOOLEAN NOT NULL DEFAULT true,
    "analytics_enabled" BOOLEAN NOT NULL DEFAULT true,
    "analysed_by" VARCHAR(128),
    "analysed_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "camera_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."segment" (
    "id" BIGSERIAL NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "file" VARCHAR(300) NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "video_codec" VARCHAR(20) NOT NULL,
    "open" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "segment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."event" (
    "id" BIGSERIAL NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "source" "nvr"."event_source" NOT NULL,
    "event_type" "nvr"."event_type" NOT NULL,
    "label" VARCHAR(60),
    "score" REAL,
    "track_id" VARCHAR(40),
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "evidence_file" VARCHAR(128),
    "payload" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_key_sha256_key" ON "jobs"."api_key"("sha256");

-- CreateIndex
CREATE INDEX "job_tenant_id_created_at_idx" ON "jobs"."job"("tenant_id", "created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "user_username_key" ON "nvr"."user"("username");

-- CreateIndex
CREATE UNIQUE INDEX "camera_uuid_key" ON "nvr"."camera"("uuid");

-- CreateIndex
CREATE UNIQUE INDEX "camera_frames_name_key" ON "nvr"."camera"("frames_name");

-- CreateIndex
CREATE UNIQUE INDEX "segment_file_key" ON "nvr"."segment"("file");

-- CreateIndex
CREATE INDEX "segment_camera_id_starts_at_idx" ON "nvr"."segment"("camera_id", "starts_at");

-- CreateIndex
CREATE INDEX "segment_camera_id_ends_at_idx" ON "nvr"."segment"("camera_id", "ends_at");

-- CreateIndex
CREATE UNIQUE INDEX "event_seq_key" ON "nvr"."event"("seq");

-- CreateIndex
CREATE INDEX "event_camera_id_started_at_idx" ON "nvr"."event"("camera_id", "started_at" DESC);

-- CreateIndex
CREATE INDEX "event_started_at_idx" ON "nvr"."event"("started_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "event_camera_id_track_id_started_at_key" ON "nvr"."event"("camera_id", "track_id", "started_at");

-- AddForeignKey
ALTER TABLE "jobs"."job" ADD CONSTRAINT "job_api_key_id_fkey" FOREIGN KEY ("api_key_id") REFERENCES "jobs"."api_key"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs"."job_item" ADD CONSTRAINT "job_item_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"."job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."camera" ADD CONSTRAINT "camera_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "nvr"."user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."segment" ADD CONSTRAINT "segment_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."event" ADD CONSTRAINT "event_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE RESTRICT ON UPDATE CASCADE;



-- What the claim and the sweeper look for, whatever the table's size. Prisma's schema language has no partial indexes.
CREATE INDEX "job_waiting_idx" ON "jobs"."job" ("run_after", "id") WHERE "state" = 'queued';
CREATE INDEX "job_leased_idx" ON "jobs"."job" ("lease_until") WHERE "state" = 'processing';
CREATE INDEX "job_bounded_idx" ON "jobs"."job" ("started_at") WHERE "state" IN ('queued', 'processing') AND "started_at" IS NOT NULL AND "max_processing_seconds" > 0;
