-- The highest seq of all events that were removed: retention and erasure leave nothing by which a live client that comes back could be
-- told that some are gone, for changed events leave holes in seq too. One row, written in the transaction that removes.
CREATE TABLE "nvr"."event_removal" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "up_to_seq" BIGINT NOT NULL,

    CONSTRAINT "event_removal_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "event_removal_one_row" CHECK ("id" = 1)
);
-- What was removed before is not known; it lies below the oldest that is there.
INSERT INTO "nvr"."event_removal" ("up_to_seq") SELECT coalesce(min("seq") - 1, 0) FROM "nvr"."event";

-- However events are deleted. Partitions that are dropped, or moved while they are detached, are none of its.
CREATE FUNCTION "nvr"."note_removed_events"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    newest BIGINT := (SELECT max(seq) FROM removed);
BEGIN
    UPDATE "nvr"."event_removal" SET up_to_seq = newest WHERE up_to_seq < newest;
    RETURN NULL;
END $$;
CREATE TRIGGER "event_removal_noted" AFTER DELETE ON "nvr"."event" REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION "nvr"."note_removed_events"();

-- As before, and it notes what it drops.
CREATE OR REPLACE FUNCTION "nvr"."drop_event_partitions"(bound TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
    names TEXT[];
    month_end TIMESTAMPTZ;
    name TEXT;
    newest BIGINT;
BEGIN
    PERFORM pg_advisory_xact_lock(72707404);
    -- The month that is written to stays, whatever the bound: there is always one.
    SELECT array_agg(relname), max(ended) INTO names, month_end
    FROM (SELECT relname, to_timestamp(right(relname, 7), 'YYYY_MM') + interval '1 month' AS ended
        FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = '"nvr"."event"'::regclass AND relname ~ '^event_\d{4}_\d{2}$') AS month
    WHERE ended <= least(bound, now());
    IF names IS NULL THEN
        RETURN 0;
    END IF;
    SELECT max(seq) INTO newest FROM "nvr"."event" WHERE started_at < month_end;
    UPDATE "nvr"."event_removal" SET up_to_seq = newest WHERE up_to_seq < newest;
    DELETE FROM "nvr"."event_review" WHERE event_id IN (SELECT id FROM "nvr"."event" WHERE started_at < month_end);
    ALTER TABLE "nvr"."event" DETACH PARTITION "nvr_events"."event_before";
    DELETE FROM "nvr_events"."event_before";
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('ALTER TABLE "nvr"."event" DETACH PARTITION "nvr_events".%I', name);
        EXECUTE format('DROP TABLE "nvr_events".%I', name);
    END LOOP;
    EXECUTE format('ALTER TABLE "nvr"."event" ATTACH PARTITION "nvr_events"."event_before" FOR VALUES FROM (MINVALUE) TO (%L)', month_end);
    RETURN array_length(names, 1);
END $$;

-- Live clients of some cameras read along their own changes.
CREATE INDEX "event_camera_id_seq_idx" ON "nvr"."event"("camera_id", "seq");
