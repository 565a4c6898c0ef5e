-- AlterTable
ALTER TABLE "nvr"."camera" ADD COLUMN     "assignments" JSONB,
ADD COLUMN     "erased_at" TIMESTAMPTZ(3),
ADD COLUMN     "files_erased_at" TIMESTAMPTZ(3),
ADD COLUMN     "firmware_version" VARCHAR(100),
ADD COLUMN     "hardware_id" VARCHAR(100),
ADD COLUMN     "serial_number" VARCHAR(100),
ADD COLUMN     "transport_probe" VARCHAR(10),
ADD COLUMN     "transport_probed_at" TIMESTAMPTZ(3),
ADD COLUMN     "transport_security" VARCHAR(20) NOT NULL DEFAULT 'plaintext_allowed',
ADD COLUMN     "vlan" VARCHAR(50);

ALTER TABLE "nvr"."camera" ADD CONSTRAINT "camera_transport_security_check"
  CHECK ("transport_security" IN ('rtsps_required', 'rtsps_preferred', 'plaintext_allowed'));
ALTER TABLE "nvr"."camera" ADD CONSTRAINT "camera_transport_probe_check" CHECK ("transport_probe" IN ('rtsps', 'rtsp', 'both', 'none'));
ALTER TABLE "nvr"."camera" ADD CONSTRAINT "camera_erased_check" CHECK ("erased_at" IS NULL OR "deleted_at" IS NOT NULL);

-- CreateTable
CREATE TABLE "nvr"."system_event" (
    "id" BIGSERIAL NOT NULL,
    "event_type" VARCHAR(50) NOT NULL,
    "event_state" VARCHAR(20) NOT NULL,
    "severity" VARCHAR(10) NOT NULL,
    "description" VARCHAR(300) NOT NULL,
    "data" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "system_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."monitoring_policy" (
    "id" INTEGER NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "cpu_percent" DOUBLE PRECISION NOT NULL DEFAULT 90,
    "memory_percent" DOUBLE PRECISION NOT NULL DEFAULT 90,
    "sustained_seconds" INTEGER NOT NULL DEFAULT 120,
    "disk_free_bytes_min" BIGINT,
    "disk_used_percent" DOUBLE PRECISION NOT NULL DEFAULT 90,
    "resolve_hysteresis_percent" DOUBLE PRECISION NOT NULL DEFAULT 5,
    "repeat_minutes" INTEGER NOT NULL DEFAULT 60,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "monitoring_policy_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "system_event_occurred_at_id_idx" ON "nvr"."system_event"("occurred_at" DESC, "id" DESC);
