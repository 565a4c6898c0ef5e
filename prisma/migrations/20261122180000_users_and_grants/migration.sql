-- AlterTable
ALTER TABLE "nvr"."user" ADD COLUMN     "email" VARCHAR(254),
ADD COLUMN     "first_name" VARCHAR(100),
ADD COLUMN     "last_name" VARCHAR(100);

-- CreateTable
CREATE TABLE "nvr"."camera_grant" (
    "user_id" INTEGER NOT NULL,
    "camera_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "camera_grant_pkey" PRIMARY KEY ("user_id","camera_id")
);

-- CreateIndex
CREATE INDEX "camera_grant_camera_id_idx" ON "nvr"."camera_grant"("camera_id");

-- AddForeignKey
ALTER TABLE "nvr"."camera_grant" ADD CONSTRAINT "camera_grant_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."camera_grant" ADD CONSTRAINT "camera_grant_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE CASCADE ON UPDATE CASCADE;


