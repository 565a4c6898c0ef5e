-- DropIndex
DROP INDEX "nvr"."event_camera_id_started_at_idx";

-- DropIndex
DROP INDEX "nvr"."event_started_at_idx";

-- CreateTable
CREATE TABLE "nvr"."event_review" (
    "user_id" INTEGER NOT NULL,
    "event_id" BIGINT NOT NULL,
    "reviewed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_review_pkey" PRIMARY KEY ("user_id","event_id")
);

-- CreateTable
CREATE TABLE "nvr"."stream_ticket" (
    "sha256" BYTEA NOT NULL,
    "user_id" INTEGER NOT NULL,
    "session_id" UUID,
    "token_version" INTEGER NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stream_ticket_pkey" PRIMARY KEY ("sha256")
);

-- CreateIndex
CREATE INDEX "event_review_event_id_idx" ON "nvr"."event_review"("event_id");

-- CreateIndex
CREATE INDEX "stream_ticket_user_id_idx" ON "nvr"."stream_ticket"("user_id");

-- CreateIndex
CREATE INDEX "stream_ticket_expires_at_idx" ON "nvr"."stream_ticket"("expires_at");

-- CreateIndex
CREATE INDEX "event_camera_id_started_at_id_idx" ON "nvr"."event"("camera_id", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "event_label_started_at_id_idx" ON "nvr"."event"("label", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "event_started_at_id_idx" ON "nvr"."event"("started_at" DESC, "id" DESC);

-- AddForeignKey
ALTER TABLE "nvr"."event_review" ADD CONSTRAINT "event_review_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."event_review" ADD CONSTRAINT "event_review_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "nvr"."event"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."stream_ticket" ADD CONSTRAINT "stream_ticket_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Which events were going on at a moment: the query of a range of time looks from the earliest of them on. An end before the
-- start, which no rule forbids, must not keep its row out.
CREATE INDEX "event_span_idx" ON "nvr"."event" USING gist (tstzrange("started_at", greatest("started_at", "ended_at"), '[]')) WHERE "ended_at" IS NOT NULL;
