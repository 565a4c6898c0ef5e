-- Leases the jobs that have waited longest to the agents that ask, one each, in their order; an agent for whom none is left has no row.
-- Two statements: the second one knows how many jobs there are. Statements are planned without values, and what a LIMIT of unknown size
-- costs is guessed too high: without the settings a long queue would be read and sorted whole at each claim.
CREATE FUNCTION "jobs"."claim_jobs"(agents TEXT[], lease_ms DOUBLE PRECISION) RETURNS TABLE (
    slot INTEGER, id VARCHAR, lease_id UUID, media_type "jobs"."media_type", attempt INTEGER, media_file TEXT,
    processing_ms_left DOUBLE PRECISION, items JSON
) LANGUAGE plpgsql
    SET plan_cache_mode = 'force_generic_plan' SET enable_seqscan = 'off' SET enable_bitmapscan = 'off' SET enable_sort = 'off' SET jit = 'off'
AS $$
#variable_conflict use_column
DECLARE
    picked VARCHAR[];
BEGIN
    -- Agents that ask another gateway at the same moment get other jobs, and nobody waits. A claim leaves late jobs to the sweep.
    picked := ARRAY(
        SELECT id FROM jobs.job
        WHERE state = 'queued' AND (media_type = 'image' OR media_file IS NOT NULL) AND run_after <= now()
            AND (max_processing_seconds > 0 AND now() > started_at + max_processing_seconds * interval '1 second') IS NOT TRUE
        ORDER BY run_after, id LIMIT cardinality(agents) FOR UPDATE SKIP LOCKED);
    IF cardinality(picked) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH claimed AS (
        UPDATE jobs.job SET
            state = 'processing', attempt = attempt + 1, started_at = coalesce(started_at, now()), progress = 0, stage = NULL,
            lease_id = gen_random_uuid(), lease_until = now() + lease_ms * interval '1 ms', lease_holder = taken.agent
        FROM unnest(picked, agents) WITH ORDINALITY AS taken (job_id, agent, slot)
        WHERE job.id = taken.job_id
        RETURNING taken.slot, job.*
    ),
    told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT tenant_id, id, state FROM claimed ORDER BY slot),
    forgotten AS (DELETE FROM jobs.job_result_part AS part USING claimed WHERE part.job_id = claimed.id)
    SELECT claimed.slot::int, claimed.id, claimed.lease_id, claimed.media_type, claimed.attempt, claimed.media_file,
        CASE WHEN max_processing_seconds > 0
            THEN round(extract(epoch FROM started_at - now()) * 1000 + max_processing_seconds * 1000.0)::float8 END,
        (SELECT json_agg(json_build_object('index', item."index", 'file', item.media_file) ORDER BY item."index")
            FROM jobs.job_item AS item WHERE item.job_id = claimed.id AND item.state = 'queued')
    FROM claimed;
END $$;

-- The only way into a terminal state: ends jobs, and their open items with them. What a job's end brings about stands in the same
-- statement, so that all of it happens or nothing: its webhook message, the event that listeners hear, what the tenant used, the day on
-- which it is removed. Each end is checked by itself; one that does not hold any more leaves no trace and harms no other. Where `lease` is
-- given it has to be the current one: a job has one only while an agent works on it.
-- What is asked of a state stands in a CASE, so that the planner goes by the id: by the indexes on states it would look among all jobs
-- that have left that state since it was last vacuumed.
CREATE FUNCTION "jobs"."end_jobs"(ends JSON, retention_ms DOUBLE PRECISION) RETURNS TABLE (id VARCHAR, has_message BOOLEAN) LANGUAGE plpgsql
    SET plan_cache_mode = 'force_generic_plan' SET enable_seqscan = 'off' SET jit = 'off'
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH ended AS (
        UPDATE jobs.job SET
            state = ending.state::jobs.job_state, result = ending.result,
            error_code = ending.error_code, error_message = ending.error_message,
            progress = CASE ending.state WHEN 'finished' THEN 1 ELSE progress END,
            media_units = ending.media_units, processing_ms = extract(epoch FROM now() - started_at) * 1000,
            stage = NULL, lease_id = NULL, lease_until = NULL, lease_holder = NULL, finished_at = now(),
            expires_at = now() + retention_ms * interval '1 ms'
        FROM json_to_recordset(ends) AS ending (
            job_id TEXT, lease UUID, only_if TEXT, state TEXT, result JSON, error_code TEXT, error_message TEXT, media_units REAL,
            items JSON, open_item_code TEXT, open_item_message TEXT)
        WHERE job.id = ending.job_id
            AND CASE ending.state WHEN 'finished' THEN job.state = 'processing' ELSE job.state IN ('queued', 'processing') END
            AND CASE WHEN ending.lease IS NULL THEN true ELSE job.lease_id = ending.lease END
            AND CASE ending.only_if
                WHEN 'in_time' THEN (max_processing_seconds > 0 AND now() > started_at + max_processing_seconds * interval '1 second') IS NOT TRUE
                WHEN 'late' THEN (max_processing_seconds > 0 AND now() > started_at + max_processing_seconds * interval '1 second') IS TRUE
                WHEN 'cancel_requested' THEN cancel_requested
                ELSE true END
        RETURNING job.id, tenant_id, media_type, job.state, job.media_units, webhook_url, items, open_item_code, open_item_message
    ),
    outcome AS (
        SELECT ended.id AS job_id, of_item.* FROM ended, json_to_recordset(ended.items) AS of_item (
            "index" INTEGER, state TEXT, result JSON, error_code TEXT, error_message TEXT)
    ),
    ended_item AS (
        UPDATE jobs.job_item AS item SET
            state = coalesce(outcome.state, 'failed')::jobs.job_state, result = outcome.result,
            error_code = CASE WHEN outcome.state IS NULL THEN open_item_code ELSE outcome.error_code END,
            error_message = CASE WHEN outcome.state IS NULL THEN open_item_message ELSE outcome.error_message END
        FROM ended
            JOIN jobs.job_item AS open_item ON open_item.job_id = ended.id AND open_item.state IN ('queued', 'processing')
            LEFT JOIN outcome ON outcome.job_id = ended.id AND outcome."index" = open_item."index"
        WHERE item.job_id = open_item.job_id AND item."index" = open_item."index"
    ),
    fetched AS (DELETE FROM jobs.job_fetch AS download USING ended WHERE download.job_id = ended.id),
    told AS (INSERT INTO jobs.job_event (tenant_id, job_id, state) SELECT tenant_id, id, state FROM ended),
    -- Ids without a dot, as Standard Webhooks asks; `origin` is scheme, host and port of the receiver.
    message AS (
        INSERT INTO jobs.webhook_delivery (id, job_id, tenant_id, origin)
        SELECT 'msg_' || gen_random_uuid(), id, tenant_id, lower(substring(webhook_url FROM '^[A-Za-z]+://[^/?#]+'))
        FROM ended WHERE webhook_url IS NOT NULL
    ),
    forgotten AS (DELETE FROM jobs.job_result_part AS part USING ended WHERE part.job_id = ended.id),
    -- In one order everywhere: statements that count for several tenants at once never wait for each other in a circle.
    used AS (
        INSERT INTO jobs.usage_day (tenant_id, day, media_type, slot, media_units)
        SELECT tenant_id, (now() AT TIME ZONE 'UTC')::date, media_type, floor(random() * 16)::smallint, sum(media_units) FROM ended
        WHERE media_units > 0 GROUP BY tenant_id, media_type ORDER BY tenant_id, media_type
        ON CONFLICT (tenant_id, day, media_type, slot) DO UPDATE SET media_units = usage_day.media_units + excluded.media_units
    )
    SELECT ended.id, webhook_url IS NOT NULL FROM ended;
END $$;
