-- CreateTable
CREATE TABLE "nvr"."setup_token" (
    "sha256" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "setup_token_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "nvr"."recovery_code" (
    "user_id" INTEGER NOT NULL,
    "sha256" BYTEA NOT NULL,

    CONSTRAINT "recovery_code_pkey" PRIMARY KEY ("user_id","sha256")
);

-- CreateTable
CREATE TABLE "nvr"."former_password" (
    "id" BIGSERIAL NOT NULL,
    "user_id" INTEGER NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "former_password_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."sign_in_policy" (
    "id" INTEGER NOT NULL,
    "password_length_min" INTEGER NOT NULL DEFAULT 8,
    "password_kinds_min" INTEGER NOT NULL DEFAULT 3,
    "refuses_username" BOOLEAN NOT NULL DEFAULT true,
    "passphrase_length" INTEGER DEFAULT 16,
    "former_passwords" INTEGER NOT NULL DEFAULT 5,
    "failures_max" INTEGER NOT NULL DEFAULT 5,
    "lock_minutes" INTEGER NOT NULL DEFAULT 3,
    "requires_mfa_of_privileged" BOOLEAN NOT NULL DEFAULT false,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_policy_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "former_password_user_id_id_idx" ON "nvr"."former_password"("user_id", "id" DESC);

-- AddForeignKey
ALTER TABLE "nvr"."recovery_code" ADD CONSTRAINT "recovery_code_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nvr"."former_password" ADD CONSTRAINT "former_password_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "nvr"."user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Who has a password now has had it.
INSERT INTO "nvr"."former_password" ("user_id", "password_hash") SELECT "id", "password_hash" FROM "nvr"."user";
