-- CreateTable
CREATE TABLE "nvr"."role" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(50) NOT NULL,
    "description" VARCHAR(200) NOT NULL DEFAULT '',
    "permissions" TEXT[],
    "is_builtin" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "role_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "role_name_key" ON "nvr"."role"("name");

INSERT INTO "nvr"."role" ("id", "name", "description", "permissions", "is_builtin", "updated_at") VALUES
    (1, 'admin', 'Everything', '{}', true, now()),
    (2, 'operator', 'Looks, protects recordings and sets up rules, of the cameras that are granted',
     '{cameras.view,recordings.view,recordings.manage,alerts.view,alerts.manage}', true, now()),
    (3, 'viewer', 'Looks, at cameras of their own and those that are granted', '{cameras.view,recordings.view,alerts.view}', true, now());

-- Custom roles begin at 100: there is room for more of ours.
ALTER SEQUENCE "nvr"."role_id_seq" RESTART WITH 100;

-- AlterTable
ALTER TABLE "nvr"."user" ADD COLUMN "role_id" INTEGER NOT NULL DEFAULT 3;
UPDATE "nvr"."user" SET "role_id" = 1 WHERE "is_superuser";

-- Admins have all rights and nobody else has: what says so twice can't differ.
ALTER TABLE "nvr"."user" ADD CONSTRAINT "user_role_is_superuser" CHECK (("role_id" = 1) = "is_superuser");

-- AddForeignKey
ALTER TABLE "nvr"."user" ADD CONSTRAINT "user_role_id_fkey" FOREIGN KEY ("role_id") REFERENCES "nvr"."role"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
