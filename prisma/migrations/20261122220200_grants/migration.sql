-- AlterTable
ALTER TABLE "nvr"."camera_grant" ADD COLUMN     "can_manage" BOOLEAN NOT NULL DEFAULT false;

-- Operators may have adapters look at the pictures that they see.
UPDATE "nvr"."role" SET "permissions" = array_append("permissions", 'ai.view') WHERE "id" = 2 AND NOT 'ai.view' = ANY ("permissions");
