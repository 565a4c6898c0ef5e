-- Each host has a disk and a CPU of its own. Rows of before, and of old processes while a release rolls out, have none.
ALTER TABLE "nvr"."system_event" ADD COLUMN "host" VARCHAR(255) NOT NULL DEFAULT '';
-- What was open then is over: each host writes anew what is the matter with it.
INSERT INTO "nvr"."system_event" ("event_type", "event_state", "severity", "description", "data", "occurred_at")
    SELECT "event_type", 'inactive', "severity", left("description", 290) || ': over', '{}', now()
    FROM (SELECT DISTINCT ON ("event_type") * FROM "nvr"."system_event" ORDER BY "event_type", "id" DESC) AS "last"
    WHERE "event_state" = 'active';
-- The newest of each kind and host is asked for every 15 s by each host.
CREATE INDEX "system_event_host_event_type_id_idx" ON "nvr"."system_event" ("host", "event_type", "id" DESC);
