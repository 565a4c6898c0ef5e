-- Every submit writes each of these. Jobs are listed by `created_at` and found by `id`; the oldest events have the lowest `seq`.
DROP INDEX "jobs"."job_tenant_id_id_idx";
DROP INDEX "jobs"."job_event_at_idx";
-- Jobs that have not ended have no day of removal.
DROP INDEX "jobs"."job_expires_at_idx";
CREATE INDEX "job_ended_idx" ON "jobs"."job" ("expires_at") WHERE "expires_at" IS NOT NULL;

-- Locks the row of a tenant, which makes one if there is none, and tells its quotas and how much of each is used or held. A function of
-- several statements, for each of them sees what was committed while it waited for the row: a single statement would count with what it
-- saw when it began. A bound of 0 is none, and nothing is counted for it.
CREATE FUNCTION "jobs"."lock_quotas"(
    of_tenant INTEGER,
    default_jobs_open_max INTEGER, default_jobs_per_day_max INTEGER, default_upload_bytes_per_day_max BIGINT,
    OUT jobs_open_bound BIGINT, OUT jobs_open_used BIGINT,
    OUT jobs_per_day_bound BIGINT, OUT jobs_per_day_used BIGINT,
    OUT upload_bytes_per_day_bound BIGINT, OUT upload_bytes_per_day_used BIGINT
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT coalesce(jobs_open_max, default_jobs_open_max), coalesce(jobs_per_day_max, default_jobs_per_day_max),
        coalesce(upload_bytes_per_day_max, default_upload_bytes_per_day_max)
    INTO jobs_open_bound, jobs_per_day_bound, upload_bytes_per_day_bound FROM jobs.tenant WHERE id = of_tenant FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO jobs.tenant (id) VALUES (of_tenant) ON CONFLICT DO NOTHING;
        SELECT coalesce(jobs_open_max, default_jobs_open_max), coalesce(jobs_per_day_max, default_jobs_per_day_max),
            coalesce(upload_bytes_per_day_max, default_upload_bytes_per_day_max)
        INTO jobs_open_bound, jobs_per_day_bound, upload_bytes_per_day_bound FROM jobs.tenant WHERE id = of_tenant FOR UPDATE;
    END IF;
    -- One statement: a reservation that becomes a job meanwhile is counted as one of the two.
    SELECT held.jobs + CASE WHEN jobs_open_bound > 0
            THEN (SELECT count(*) FROM jobs.job WHERE tenant_id = of_tenant AND state IN ('queued', 'processing')) ELSE 0 END,
        held.jobs + today.jobs, held.bytes + today.bytes
    INTO jobs_open_used, jobs_per_day_used, upload_bytes_per_day_used
    FROM (SELECT count(*) AS jobs, coalesce(sum(bytes), 0)::bigint AS bytes
            FROM jobs.quota_reservation WHERE tenant_id = of_tenant AND expires_at > now()) AS held,
        (SELECT coalesce(sum(jobs), 0)::bigint AS jobs, coalesce(sum(bytes), 0)::bigint AS bytes
            FROM jobs.usage_day WHERE tenant_id = of_tenant AND day = (now() AT TIME ZONE 'UTC')::date
                AND (jobs_per_day_bound > 0 OR upload_bytes_per_day_bound > 0)) AS today;
END $$;

-- As before, with the quotas of `lock_quotas`.
CREATE OR REPLACE FUNCTION "jobs"."reserve_quotas"(
    new_reservations UUID[], of_tenant INTEGER, wanted_bytes BIGINT[], lifetime_ms DOUBLE PRECISION,
    default_jobs_open_max INTEGER, default_jobs_per_day_max INTEGER, default_upload_bytes_per_day_max BIGINT
) RETURNS TABLE (
    refused_by TEXT, granted_bytes BIGINT,
    jobs_open_bound BIGINT, jobs_open_used BIGINT,
    jobs_per_day_bound BIGINT, jobs_per_day_used BIGINT,
    upload_bytes_per_day_bound BIGINT, upload_bytes_per_day_used BIGINT
) LANGUAGE plpgsql SET plan_cache_mode = 'force_generic_plan' AS $$
DECLARE
    granted_reservations UUID[] := '{}';
    granted_sizes BIGINT[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT quotas.* INTO jobs_open_bound, jobs_open_used, jobs_per_day_bound, jobs_per_day_used,
        upload_bytes_per_day_bound, upload_bytes_per_day_used
    FROM jobs.lock_quotas(of_tenant, default_jobs_open_max, default_jobs_per_day_max, default_upload_bytes_per_day_max) AS quotas;
    FOR number IN 1 .. cardinality(new_reservations) LOOP
        granted_bytes := coalesce(wanted_bytes[number],
            CASE WHEN upload_bytes_per_day_bound > 0 THEN greatest(upload_bytes_per_day_bound - upload_bytes_per_day_used, 1) ELSE 0 END);
        refused_by := CASE
            WHEN jobs_open_bound > 0 AND jobs_open_used >= jobs_open_bound THEN 'jobs-open'
            WHEN jobs_per_day_bound > 0 AND jobs_per_day_used >= jobs_per_day_bound THEN 'jobs-per-day'
            WHEN upload_bytes_per_day_bound > 0 AND upload_bytes_per_day_used + granted_bytes > upload_bytes_per_day_bound THEN 'upload-bytes-per-day'
        END;
        RETURN NEXT;
        IF refused_by IS NULL THEN
            granted_reservations := granted_reservations || new_reservations[number];
            granted_sizes := granted_sizes || granted_bytes;
            jobs_open_used := jobs_open_used + 1;
            jobs_per_day_used := jobs_per_day_used + 1;
            upload_bytes_per_day_used := upload_bytes_per_day_used + granted_bytes;
        END IF;
    END LOOP;
    INSERT INTO jobs.quota_reservation (id, tenant_id, bytes, expires_at)
    SELECT granted.id, of_tenant, granted.bytes, clock_timestamp() + lifetime_ms * interval '1 ms'
    FROM unnest(granted_reservations, granted_sizes) AS granted (id, bytes);
END $$;

-- Makes the jobs of videos that one tenant submits by their URL together, in their order: quotas, `Idempotency-Key`s, jobs, events,
-- downloads and the usage of the day in one transaction. What is not among the jobs made has a key that is somebody's, or no room.
-- What they used is counted in a row of its own (slot 16; others draw one of 0 to 15): for a tenant's row they queue up anyway.
CREATE FUNCTION "jobs"."submit_by_url"(
    of_tenant INTEGER, submits JSON, submits_count INTEGER,
    default_jobs_open_max INTEGER, default_jobs_per_day_max INTEGER, default_upload_bytes_per_day_max BIGINT
) RETURNS TABLE (
    made TEXT[],
    jobs_open_bound BIGINT, jobs_open_used BIGINT,
    jobs_per_day_bound BIGINT, jobs_per_day_used BIGINT,
    upload_bytes_per_day_bound BIGINT, upload_bytes_per_day_used BIGINT
) LANGUAGE plpgsql
-- Planned once: to plan these statements takes longer than to run them. By indexes, however small the tables were then.
SET plan_cache_mode = 'force_generic_plan' SET enable_seqscan = off
AS $$
DECLARE
    room BIGINT;
BEGIN
    SELECT quotas.* INTO jobs_open_bound, jobs_open_used, jobs_per_day_bound, jobs_per_day_used,
        upload_bytes_per_day_bound, upload_bytes_per_day_used
    FROM jobs.lock_quotas(of_tenant, default_jobs_open_max, default_jobs_per_day_max, default_upload_bytes_per_day_max) AS quotas;
    -- Null: unbounded. Nobody knows yet how many bytes a video will have; a day that is full already takes no more.
    room := least(
        CASE WHEN jobs_open_bound > 0 THEN greatest(jobs_open_bound - jobs_open_used, 0) END,
        CASE WHEN jobs_per_day_bound > 0 THEN greatest(jobs_per_day_bound - jobs_per_day_used, 0) END,
        CASE WHEN upload_bytes_per_day_bound > 0 AND upload_bytes_per_day_used >= upload_bytes_per_day_bound THEN 0 END);
    WITH asked AS MATERIALIZED (
        SELECT submit.* FROM ROWS FROM (json_to_recordset(submits) AS (
            id TEXT, api_key_id UUID, user_id INTEGER, face_embeddings BOOLEAN, max_processing_seconds INTEGER,
            webhook_url TEXT, webhook_secret TEXT, url TEXT,
            key_owner TEXT, key TEXT, lock_id UUID, fingerprint TEXT, kept_ms DOUBLE PRECISION
        )) WITH ORDINALITY AS submit
        -- Where room is short, what has its job already takes none. A scalar with a LIMIT: looked up one by one, never by a scan of all.
        WHERE room IS NULL OR room >= submits_count OR submit.key IS NULL OR (
            SELECT true FROM jobs.idempotency_record AS record WHERE record.owner = submit.key_owner AND record.key = submit.key
                AND (CASE WHEN record.job_id IS NULL THEN record.locked_until ELSE record.expires_at END) >= now() LIMIT 1) IS NULL
        ORDER BY submit.ordinality LIMIT room
    ),
    granted AS (
        INSERT INTO jobs.idempotency_record AS record (owner, key, lock_id, locked_until, expires_at, job_id, fingerprint)
        SELECT key_owner, key, lock_id, now(), now() + kept_ms * interval '1 ms', id, decode(fingerprint, 'hex')
        FROM asked WHERE key IS NOT NULL
        ON CONFLICT (owner, key) DO UPDATE SET
            lock_id = excluded.lock_id, locked_until = excluded.locked_until, expires_at = excluded.expires_at,
            job_id = excluded.job_id, fingerprint = excluded.fingerprint
        WHERE (CASE WHEN record.job_id IS NULL THEN record.locked_until ELSE record.expires_at END) < now()
        RETURNING job_id
    ),
    inserted AS (
        INSERT INTO jobs.job (id, tenant_id, api_key_id, user_id, face_embeddings, media_type, state, max_processing_seconds,
            webhook_url, webhook_secret)
        SELECT id, of_tenant, api_key_id, user_id, face_embeddings, 'video', 'queued', max_processing_seconds,
            webhook_url, decode(webhook_secret, 'hex')
        FROM asked WHERE key IS NULL OR id IN (SELECT job_id FROM granted)
        RETURNING id
    ),
    told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT of_tenant, id, 'queued' FROM inserted),
    download AS (
        INSERT INTO jobs.job_fetch (job_id, url) SELECT id, decode(asked.url, 'hex') FROM inserted JOIN asked USING (id)
    )
    SELECT coalesce(array_agg(id), '{}') INTO made FROM inserted;
    IF cardinality(made) > 0 THEN
        INSERT INTO jobs.usage_day (tenant_id, day, media_type, slot, jobs)
        VALUES (of_tenant, (now() AT TIME ZONE 'UTC')::date, 'video', 16, cardinality(made))
        ON CONFLICT (tenant_id, day, media_type, slot) DO UPDATE SET jobs = usage_day.jobs + excluded.jobs;
    END IF;
    RETURN NEXT;
END $$;
