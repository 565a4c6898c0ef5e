-- AlterTable
ALTER TABLE "nvr"."camera" ADD COLUMN     "last_problem" VARCHAR(200),
ADD COLUMN     "last_problem_at" TIMESTAMPTZ(3),
ADD COLUMN     "onvif_url" VARCHAR(500),
ADD COLUMN     "onvif_profile" VARCHAR(100);
