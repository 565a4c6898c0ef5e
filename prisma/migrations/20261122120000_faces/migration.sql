-- CreateTable
CREATE TABLE "nvr"."face" (
    "person_id" VARCHAR(128) NOT NULL,
    "revision" BIGINT NOT NULL,
    "name" VARCHAR(256) NOT NULL,
    "category" VARCHAR(64) NOT NULL,
    "metadata" JSON,
    "model_name" VARCHAR(128) NOT NULL,
    "model_fingerprint" VARCHAR(128) NOT NULL,
    "embedding_size" INTEGER NOT NULL,
    "encrypted_embedding" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "face_pkey" PRIMARY KEY ("person_id")
);

-- CreateTable
CREATE TABLE "nvr"."face_removal" (
    "person_id" VARCHAR(128) NOT NULL,
    "revision" BIGINT NOT NULL,
    "removed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "face_removal_pkey" PRIMARY KEY ("person_id")
);

-- CreateTable
CREATE TABLE "nvr"."face_registry" (
    "id" INTEGER NOT NULL,
    "revision" BIGINT NOT NULL DEFAULT 0,
    "forgotten_revision" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "face_registry_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "face_revision_key" ON "nvr"."face"("revision");

-- CreateIndex
CREATE UNIQUE INDEX "face_removal_revision_key" ON "nvr"."face_removal"("revision");

-- CreateIndex
CREATE INDEX "face_removal_removed_at_idx" ON "nvr"."face_removal"("removed_at");

-- One registry, and one row that its writers wait for.
ALTER TABLE "nvr"."face_registry" ADD CONSTRAINT "face_registry_one_row" CHECK ("id" = 1);
