-- AlterTable
ALTER TABLE "nvr"."segment" ADD COLUMN     "tier" VARCHAR(10) NOT NULL DEFAULT 'fast';

ALTER TABLE "nvr"."segment" ADD CONSTRAINT "segment_tier_check" CHECK ("tier" IN ('fast', 'archive'));

-- CreateIndex
CREATE INDEX "segment_tier_starts_at_idx" ON "nvr"."segment"("tier", "starts_at");
