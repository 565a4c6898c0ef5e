-- CreateEnum
CREATE TYPE "nvr"."rule_message_state" AS ENUM ('pending', 'delivered', 'exhausted', 'cancelled');

-- CreateTable
CREATE TABLE "nvr"."event_rule" (
    "id" SERIAL NOT NULL,
    "owner_id" INTEGER NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "camera_ids" INTEGER[],
    "labels" TEXT[],
    "event_types" TEXT[],
    "min_score" REAL,
    "schedule" JSONB,
    "cooldown_seconds" INTEGER NOT NULL DEFAULT 0,
    "tells_end" BOOLEAN NOT NULL DEFAULT false,
    "url" TEXT NOT NULL,
    "sealed_secret" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "event_rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."rule_message" (
    "id" VARCHAR(64) NOT NULL,
    "rule_id" INTEGER NOT NULL,
    "event_id" BIGINT NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "moment" VARCHAR(16) NOT NULL,
    "event" JSONB NOT NULL,
    "state" "nvr"."rule_message_state" NOT NULL DEFAULT 'pending',
    "origin" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "redeliver_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "rule_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."rule_message_attempt" (
    "message_id" VARCHAR(64) NOT NULL,
    "attempt" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "duration_ms" INTEGER NOT NULL,
    "status" INTEGER,
    "error" TEXT,
    "answer" TEXT,
    "manual" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "rule_message_attempt_pkey" PRIMARY KEY ("message_id","attempt")
);

-- CreateIndex
CREATE INDEX "event_rule_owner_id_idx" ON "nvr"."event_rule"("owner_id");

-- CreateIndex
CREATE INDEX "rule_message_rule_id_camera_id_created_at_idx" ON "nvr"."rule_message"("rule_id", "camera_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "rule_message_rule_id_created_at_id_idx" ON "nvr"."rule_message"("rule_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "rule_message_created_at_idx" ON "nvr"."rule_message"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "rule_message_rule_id_event_id_moment_key" ON "nvr"."rule_message"("rule_id", "event_id", "moment");

-- AddForeignKey
ALTER TABLE "nvr"."event_rule" ADD CONSTRAINT "event_rule_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."rule_message" ADD CONSTRAINT "rule_message_rule_id_fkey" FOREIGN KEY ("rule_id") REFERENCES "nvr"."event_rule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."rule_message_attempt" ADD CONSTRAINT "rule_message_attempt_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "nvr"."rule_message"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- What the sender looks for, as its statements say it word for word.
CREATE INDEX "rule_message_waiting_idx" ON "nvr"."rule_message" ("origin", (coalesce("redeliver_at", "run_after"))) WHERE "state" = 'pending' OR "redeliver_at" IS NOT NULL;
CREATE INDEX "rule_message_leased_idx" ON "nvr"."rule_message" ("origin") WHERE "lease_id" IS NOT NULL;
