-- The number plate that an app or a service read, as the list compares it: in capitals and without spaces.
ALTER TABLE "nvr"."event" ADD COLUMN "plate_text" VARCHAR(32);

-- Lists of what few events are: every other row would be looked at. Whoever asks says the condition of the index word for word. The
-- camera stands in them, so that rows of others are passed over in the index.
CREATE INDEX "event_source_idx" ON "nvr"."event" ("source", "started_at" DESC, "id" DESC, "camera_id") WHERE "source" <> 'tier0';
CREATE INDEX "event_type_idx" ON "nvr"."event" ("event_type", "started_at" DESC, "id" DESC, "camera_id") WHERE "event_type" <> 'track';
CREATE INDEX "event_plate_idx" ON "nvr"."event" ("started_at" DESC, "id" DESC, "camera_id") WHERE "plate_text" IS NOT NULL;

-- Alerts of before that told one.
UPDATE "nvr"."event" SET "plate_text" = left(upper(regexp_replace("payload" #>> '{evidence,plate_text}', '\s', '', 'g')), 32)
WHERE "source" = 'app' AND regexp_replace("payload" #>> '{evidence,plate_text}', '\s', '', 'g') <> '';
