-- CreateTable
CREATE TABLE "nvr"."playback_session" (
    "id" UUID NOT NULL,
    "owner" VARCHAR(64) NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "files" JSONB NOT NULL,
    "ticket_sha256" BYTEA,
    "user_id" INTEGER,
    "session_id" UUID,
    "token_version" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "playback_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."download_ticket" (
    "sha256" BYTEA NOT NULL,
    "user_id" INTEGER NOT NULL,
    "session_id" UUID,
    "token_version" INTEGER NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "file_name" VARCHAR(128) NOT NULL,
    "export_id" UUID,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "download_ticket_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "nvr"."export" (
    "id" UUID NOT NULL,
    "owner" VARCHAR(64) NOT NULL,
    "user_id" INTEGER,
    "camera_id" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "file_name" VARCHAR(128) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "problem" VARCHAR(300),
    "bytes_total" BIGINT,
    "bytes_done" BIGINT NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lease_id" UUID,
    "leased_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "export_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "playback_session_ticket_sha256_key" ON "nvr"."playback_session"("ticket_sha256");

-- CreateIndex
CREATE INDEX "playback_session_owner_created_at_idx" ON "nvr"."playback_session"("owner", "created_at");

-- CreateIndex
CREATE INDEX "playback_session_expires_at_idx" ON "nvr"."playback_session"("expires_at");

-- CreateIndex
CREATE INDEX "download_ticket_user_id_idx" ON "nvr"."download_ticket"("user_id");

-- CreateIndex
CREATE INDEX "download_ticket_expires_at_idx" ON "nvr"."download_ticket"("expires_at");

-- CreateIndex
CREATE INDEX "export_owner_created_at_idx" ON "nvr"."export"("owner", "created_at");

-- CreateIndex
CREATE INDEX "export_state_created_at_idx" ON "nvr"."export"("state", "created_at");

-- CreateIndex
CREATE INDEX "export_expires_at_idx" ON "nvr"."export"("expires_at");

-- AddForeignKey
ALTER TABLE "nvr"."playback_session" ADD CONSTRAINT "playback_session_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."playback_session" ADD CONSTRAINT "playback_session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."download_ticket" ADD CONSTRAINT "download_ticket_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."download_ticket" ADD CONSTRAINT "download_ticket_export_id_fkey" FOREIGN KEY ("export_id") REFERENCES "nvr"."export"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."export" ADD CONSTRAINT "export_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."export" ADD CONSTRAINT "export_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE CASCADE ON UPDATE CASCADE;


