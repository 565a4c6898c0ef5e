-- Events are kept for years and asked for by time: one partition a month (UTC) of their start. Removing what is too old drops a
-- table, and an index that is written to stays small.
--
-- There is no default partition: with one, Postgres can't read partitions one after the other, and a list sorted by start would
-- ask each of them. Instead `event_before` and `event_after` hold what lies outside of the months (a camera whose clock is wrong).
--
-- Partitions live in a schema of their own, which Prisma does not look at; it can't read references to partitioned tables either,
-- so a trigger does what the reference of reviews did.
CREATE SCHEMA "nvr_events";

ALTER TABLE "nvr"."event_review" DROP CONSTRAINT "event_review_event_id_fkey";
ALTER TABLE "nvr"."event" DROP CONSTRAINT "event_camera_id_fkey";
ALTER TABLE "nvr"."event" DROP CONSTRAINT "event_pkey";
DROP INDEX "nvr"."event_seq_key", "nvr"."event_camera_id_track_id_started_at_key", "nvr"."event_camera_id_started_at_id_idx",
    "nvr"."event_label_started_at_id_idx", "nvr"."event_started_at_id_idx", "nvr"."event_span_idx";
ALTER TABLE "nvr"."event" RENAME TO "event_of_before";

CREATE TABLE "nvr"."event" (
    "id" BIGINT NOT NULL DEFAULT nextval('"nvr"."event_id_seq"'),
    "seq" BIGINT NOT NULL DEFAULT nextval('"nvr"."event_seq_seq"'),
    "camera_id" INTEGER NOT NULL,
    "source" "nvr"."event_source" NOT NULL,
    "event_type" "nvr"."event_type" NOT NULL,
    "label" VARCHAR(60),
    "score" REAL,
    "track_id" VARCHAR(40),
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "evidence_file" VARCHAR(128),
    "payload" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
) PARTITION BY RANGE ("started_at");
ALTER SEQUENCE "nvr"."event_id_seq" OWNED BY "nvr"."event"."id";
ALTER SEQUENCE "nvr"."event_seq_seq" OWNED BY "nvr"."event"."seq";

-- Months from the oldest event of the last ten years up to this one; the function adds those ahead.
DO $$
DECLARE
    month TIMESTAMPTZ;
    this_month TIMESTAMPTZ := date_trunc('month', now(), 'UTC');
BEGIN
    SET LOCAL timezone = 'UTC';
    SELECT date_trunc('month', min(started_at), 'UTC') INTO month FROM "nvr"."event_of_before"
    WHERE started_at >= this_month - interval '10 years';
    month := least(coalesce(month, this_month), this_month);
    EXECUTE format('CREATE TABLE "nvr_events"."event_before" PARTITION OF "nvr"."event" FOR VALUES FROM (MINVALUE) TO (%L)', month);
    WHILE month <= this_month LOOP
        EXECUTE format('CREATE TABLE "nvr_events".%I PARTITION OF "nvr"."event" FOR VALUES FROM (%L) TO (%L)',
            'event_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
        month := month + interval '1 month';
    END LOOP;
    EXECUTE format('CREATE TABLE "nvr_events"."event_after" PARTITION OF "nvr"."event" FOR VALUES FROM (%L) TO (MAXVALUE)', month);
END $$;

INSERT INTO "nvr"."event" (id, seq, camera_id, source, event_type, label, score, track_id, started_at, ended_at, evidence_file, payload, created_at)
SELECT id, seq, camera_id, source, event_type, label, score, track_id, started_at, ended_at, evidence_file, payload, created_at
FROM "nvr"."event_of_before";

DROP TABLE "nvr"."event_of_before";

ALTER TABLE "nvr"."event" ADD CONSTRAINT "event_pkey" PRIMARY KEY ("id", "started_at");
CREATE UNIQUE INDEX "event_camera_id_track_id_started_at_key" ON "nvr"."event"("camera_id", "track_id", "started_at");
CREATE INDEX "event_seq_idx" ON "nvr"."event"("seq");
CREATE INDEX "event_camera_id_started_at_id_idx" ON "nvr"."event"("camera_id", "started_at" DESC, "id" DESC);
CREATE INDEX "event_label_started_at_id_idx" ON "nvr"."event"("label", "started_at" DESC, "id" DESC);
CREATE INDEX "event_started_at_id_idx" ON "nvr"."event"("started_at" DESC, "id" DESC);
CREATE INDEX "event_span_idx" ON "nvr"."event" USING gist (tstzrange("started_at", greatest("started_at", "ended_at"), '[]')) WHERE "ended_at" IS NOT NULL;
-- Else a list of those without a picture would look at every one that has it.
CREATE INDEX "event_without_evidence_idx" ON "nvr"."event"("started_at" DESC, "id" DESC) WHERE "evidence_file" IS NULL;
ALTER TABLE "nvr"."event" ADD CONSTRAINT "event_camera_id_fkey" FOREIGN KEY ("camera_id") REFERENCES "nvr"."camera"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE FUNCTION "nvr"."remove_reviews_of_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM "nvr"."event_review" WHERE event_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER "event_reviews_go" AFTER DELETE ON "nvr"."event" FOR EACH ROW EXECUTE FUNCTION "nvr"."remove_reviews_of_event"();

-- End of the newest month that has a partition; where `event_after` begins.
CREATE FUNCTION "nvr"."event_months_end"() RETURNS TIMESTAMPTZ
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
    SELECT to_timestamp(max(right(relname, 7)), 'YYYY_MM') + interval '1 month'
    FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = '"nvr"."event"'::regclass AND relname ~ '^event_\d{4}_\d{2}$'
$$;

-- Makes the partitions of the months up to `months_ahead` from now; events that came before their month move there. The nvr's
-- role owns no table: the function does it in the owner's name. 72707404 is the lock that every write of an event takes.
CREATE FUNCTION "nvr"."make_event_partitions"(months_ahead INTEGER) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
    wanted TIMESTAMPTZ := date_trunc('month', now(), 'UTC') + least(months_ahead, 120) * interval '1 month';
    month TIMESTAMPTZ := "nvr"."event_months_end"();
    made INTEGER := 0;
BEGIN
    IF month > wanted THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(72707404);
    month := "nvr"."event_months_end"();
    ALTER TABLE "nvr"."event" DETACH PARTITION "nvr_events"."event_after";
    WHILE month <= wanted LOOP
        EXECUTE format('CREATE TABLE "nvr_events".%I PARTITION OF "nvr"."event" FOR VALUES FROM (%L) TO (%L)',
            'event_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
        month := month + interval '1 month';
        made := made + 1;
    END LOOP;
    INSERT INTO "nvr"."event" SELECT * FROM "nvr_events"."event_after" WHERE started_at < month;
    DELETE FROM "nvr_events"."event_after" WHERE started_at < month;
    EXECUTE format('ALTER TABLE "nvr"."event" ATTACH PARTITION "nvr_events"."event_after" FOR VALUES FROM (%L) TO (MAXVALUE)', month);
    RETURN made;
END $$;

-- Drops the partitions of the months that were over at `bound`, and what is older than any month. Their pictures have gone before.
CREATE FUNCTION "nvr"."drop_event_partitions"(bound TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
    names TEXT[];
    month_end TIMESTAMPTZ;
    name TEXT;
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

SELECT "nvr"."make_event_partitions"(3);
