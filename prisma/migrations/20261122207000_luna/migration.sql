-- CreateEnum
CREATE TYPE "nvr"."luna_status" AS ENUM ('pending', 'in_progress', 'done', 'restart', 'failure', 'stop');

-- CreateTable
CREATE TABLE "nvr"."luna_stream" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "camera_id" INTEGER,
    "name" VARCHAR(128) NOT NULL DEFAULT '',
    "description" VARCHAR(512) NOT NULL DEFAULT '',
    "version" INTEGER NOT NULL DEFAULT 1,
    "data" JSONB NOT NULL,
    "encrypted_reference" BYTEA,
    "location" JSONB,
    "autorestart" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_attempt_at" TIMESTAMPTZ(3),
    "status" "nvr"."luna_status" NOT NULL DEFAULT 'pending',
    "last_error" VARCHAR(500),
    "analytics" JSONB NOT NULL,
    "held_by" VARCHAR(128),
    "held_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "luna_stream_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."luna_group" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" VARCHAR(128) NOT NULL,
    "description" VARCHAR(256) NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "luna_group_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."luna_group_stream" (
    "group_id" UUID NOT NULL,
    "stream_id" UUID NOT NULL,

    CONSTRAINT "luna_group_stream_pkey" PRIMARY KEY ("group_id","stream_id")
);

-- CreateTable
CREATE TABLE "nvr"."luna_stream_log" (
    "id" BIGSERIAL NOT NULL,
    "stream_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "status" "nvr"."luna_status" NOT NULL,
    "error" VARCHAR(500),
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "luna_stream_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."luna_analytic" (
    "id" UUID NOT NULL,
    "account_id" UUID,
    "name" VARCHAR(64) NOT NULL,
    "description" VARCHAR(2000) NOT NULL,
    "documentation" TEXT NOT NULL,
    "version" VARCHAR(32) NOT NULL,
    "parameters" JSONB NOT NULL,
    "validation_schema" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "luna_analytic_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."luna_agent" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" VARCHAR(128) NOT NULL,
    "description" VARCHAR(256) NOT NULL DEFAULT '',
    "host" VARCHAR(253),
    "port" INTEGER NOT NULL,
    "api_version" INTEGER NOT NULL,
    "analytics" TEXT[],
    "max_stream_count" INTEGER NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "luna_agent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."luna_master" (
    "id" INTEGER NOT NULL,
    "owner" UUID NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "luna_master_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "luna_stream_camera_id_key" ON "nvr"."luna_stream"("camera_id");

-- CreateIndex
CREATE INDEX "luna_stream_account_id_created_at_idx" ON "nvr"."luna_stream"("account_id", "created_at");

-- CreateIndex
CREATE INDEX "luna_stream_status_idx" ON "nvr"."luna_stream"("status");

-- CreateIndex
CREATE UNIQUE INDEX "luna_group_account_id_name_key" ON "nvr"."luna_group"("account_id", "name");

-- CreateIndex
CREATE INDEX "luna_group_stream_stream_id_idx" ON "nvr"."luna_group_stream"("stream_id");

-- CreateIndex
CREATE INDEX "luna_stream_log_stream_id_id_idx" ON "nvr"."luna_stream_log"("stream_id", "id" DESC);

-- CreateIndex
CREATE INDEX "luna_stream_log_at_idx" ON "nvr"."luna_stream_log"("at");

-- CreateIndex
CREATE UNIQUE INDEX "luna_analytic_name_key" ON "nvr"."luna_analytic"("name");

-- CreateIndex
CREATE INDEX "luna_agent_account_id_idx" ON "nvr"."luna_agent"("account_id");

-- CreateIndex
CREATE INDEX "luna_agent_seen_at_idx" ON "nvr"."luna_agent"("seen_at");

-- AddForeignKey
ALTER TABLE "nvr"."luna_stream" ADD CONSTRAINT "luna_stream_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."luna_group_stream" ADD CONSTRAINT "luna_group_stream_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "nvr"."luna_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."luna_group_stream" ADD CONSTRAINT "luna_group_stream_stream_id_fkey" FOREIGN KEY ("stream_id") REFERENCES "nvr"."luna_stream"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."luna_stream_log" ADD CONSTRAINT "luna_stream_log_stream_id_fkey" FOREIGN KEY ("stream_id") REFERENCES "nvr"."luna_stream"("id") ON DELETE CASCADE ON UPDATE CASCADE;


