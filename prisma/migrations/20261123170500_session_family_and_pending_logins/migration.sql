-- What all tokens of a session have in common, by which one of any age shows that it was copied. Sessions of before get theirs when
-- their token changes next.
ALTER TABLE "nvr"."session" ADD COLUMN "family_sha256" BYTEA;
CREATE INDEX "session_family_sha256_idx" ON "nvr"."session" ("family_sha256");
-- Attempts that are being checked are no failures yet.
ALTER TABLE "nvr"."login_failure" ADD COLUMN "pending" INTEGER NOT NULL DEFAULT 0;
