-- CreateTable
CREATE TABLE "nvr"."session" (
    "id" UUID NOT NULL,
    "user_id" INTEGER NOT NULL,
    "token_sha256" BYTEA NOT NULL,
    "previous_sha256" BYTEA,
    "address" VARCHAR(64) NOT NULL,
    "user_agent" VARCHAR(256) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "rotated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_because" VARCHAR(32),

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "session_token_sha256_key" ON "nvr"."session"("token_sha256");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "nvr"."session"("user_id");

-- CreateIndex
CREATE INDEX "session_previous_sha256_idx" ON "nvr"."session"("previous_sha256");

-- CreateIndex
CREATE INDEX "session_expires_at_idx" ON "nvr"."session"("expires_at");

-- AddForeignKey
ALTER TABLE "nvr"."session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;


