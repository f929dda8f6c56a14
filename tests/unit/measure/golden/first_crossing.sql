-- of the latest
WITH asks AS (
    SELECT pair.1 AS ask, pair.2 AS company_id, pair.3 AS since FROM (
        SELECT arrayJoin(arrayZip(range(length({companies:Array(UUID)})), {companies:Array(UUID)},
            {sinces:Array(Int64)})) AS pair)
),
steps AS (
WITH
emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at, assumeNotNull(n3) AS field, (UUIDToNum(request_id), item) AS received
    FROM signals INNER JOIN asks USING (company_id)
    WHERE signal_id = {signal_0:UUID} AND generation = {generation_0:UInt32}
        AND company_id IN {companies:Array(UUID)}
        AND n3 IS NOT NULL
),
dates AS (
    SELECT ask, any(since) AS since, at, argMax(field, received) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, toInt64(4000000000000000000) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, at AS moment, picked AS value FROM placed
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < toInt64(4000000000000000000) AND next_at > lapse
    UNION ALL
    SELECT ask, since, -toInt64(4000000000000000000) AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)
SELECT ask, at, value FROM steps
)
SELECT ask, min(at) AS first_at, argMin(value, at) AS first_value
FROM steps WHERE value >= {target:Float64} GROUP BY ask
