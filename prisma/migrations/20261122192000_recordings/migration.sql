-- AlterTable
ALTER TABLE "nvr"."segment" ADD COLUMN     "expired_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "nvr"."protection" (
    "id" BIGSERIAL NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "note" VARCHAR(500),
    "created_by" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "protection_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "protection_camera_id_starts_at_idx" ON "nvr"."protection"("camera_id", "starts_at");

-- CreateIndex
CREATE INDEX "segment_starts_at_idx" ON "nvr"."segment"("starts_at");

-- Files on their way out: a handful, looked for every few seconds.
CREATE INDEX "segment_expired_idx" ON "nvr"."segment"("id") WHERE "expired_at" IS NOT NULL;

-- AddForeignKey
ALTER TABLE "nvr"."protection" ADD CONSTRAINT "protection_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."protection" ADD CONSTRAINT "protection_created_by_fkey" FOREIGN KEY ("created_by") REFERENCES "nvr"."user"("id") ON DELETE SET NULL ON UPDATE CASCADE;
