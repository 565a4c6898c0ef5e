-- A claim goes from receiver to receiver through an index. Only messages that are due stand in it: what waits for another attempt stands
-- in the second one, by its time, until that has come.
ALTER TABLE "jobs"."webhook_delivery" ADD COLUMN "is_due" BOOLEAN NOT NULL DEFAULT true;
UPDATE "jobs"."webhook_delivery" SET "is_due" = false
    WHERE ("state" = 'pending' OR "redeliver_at" IS NOT NULL) AND coalesce("redeliver_at", "run_after") > now();
DROP INDEX "jobs"."webhook_delivery_waiting_idx";
CREATE INDEX "webhook_delivery_due_idx" ON "jobs"."webhook_delivery" ("origin", (coalesce("redeliver_at", "run_after")))
    WHERE ("state" = 'pending' OR "redeliver_at" IS NOT NULL) AND "is_due";
CREATE INDEX "webhook_delivery_waiting_idx" ON "jobs"."webhook_delivery" ((coalesce("redeliver_at", "run_after")))
    WHERE ("state" = 'pending' OR "redeliver_at" IS NOT NULL) AND NOT "is_due";
