-- AlterTable
ALTER TABLE "nvr"."user" ADD COLUMN     "encrypted_totp_secret" BYTEA,
ADD COLUMN     "totp_enabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "totp_used_step" BIGINT;

-- CreateTable
CREATE TABLE "nvr"."login_failure" (
    "username" VARCHAR(50) NOT NULL,
    "failures" INTEGER NOT NULL,
    "failed_at" TIMESTAMPTZ(3) NOT NULL,
    "locked_until" TIMESTAMPTZ(3),

    CONSTRAINT "login_failure_pkey" PRIMARY KEY ("username")
);

-- CreateTable
CREATE TABLE "nvr"."audit_entry" (
    "id" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "actor_user_id" INTEGER,
    "actor_name" VARCHAR(100) NOT NULL,
    "action" VARCHAR(64) NOT NULL,
    "entity_type" VARCHAR(64) NOT NULL,
    "entity_id" VARCHAR(128),
    "details" JSONB NOT NULL,
    "address" VARCHAR(64) NOT NULL,
    "user_agent" VARCHAR(256) NOT NULL,
    "request_id" VARCHAR(128) NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."audit_head" (
    "id" INTEGER NOT NULL,
    "entry_id" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,
    "seal" BYTEA NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nvr"."api_key" (
    "id" UUID NOT NULL,
    "tenant_id" INTEGER NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "prefix" VARCHAR(16) NOT NULL,
    "sha256" BYTEA NOT NULL,
    "scopes" TEXT[],
    "all_cameras" BOOLEAN NOT NULL,
    "camera_ids" INTEGER[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "login_failure_failed_at_idx" ON "nvr"."login_failure"("failed_at");

-- CreateIndex
CREATE INDEX "audit_entry_actor_user_id_idx" ON "nvr"."audit_entry"("actor_user_id");

-- CreateIndex
CREATE INDEX "audit_entry_action_idx" ON "nvr"."audit_entry"("action");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_sha256_key" ON "nvr"."api_key"("sha256");

-- CreateIndex
CREATE INDEX "api_key_tenant_id_idx" ON "nvr"."api_key"("tenant_id");

-- The audit log is added to, and nothing else; the service's role owns neither table nor trigger and can't switch it off.
CREATE FUNCTION "nvr"."refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'entries of the audit log are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_entry_is_final" BEFORE UPDATE OR DELETE OR TRUNCATE ON "nvr"."audit_entry"
FOR EACH STATEMENT EXECUTE FUNCTION "nvr"."refuse_audit_change"();
