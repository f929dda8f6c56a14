WITH asks AS (
    SELECT pair.1 AS ask, pair.2 AS company_id, pair.3 AS since FROM (
        SELECT arrayJoin(arrayZip(range(length({companies:Array(UUID)})), {companies:Array(UUID)},
            {sinces:Array(Int64)})) AS pair)
),
emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at
    FROM signals INNER JOIN asks USING (company_id)
    WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32}
        AND company_id IN {companies:Array(UUID)}
),
changes AS (
    SELECT ask, since, change.1 AS moment, change.2 AS delta FROM emissions
    ARRAY JOIN [(at, CAST(1, 'Int64')), (at + {span_ms:Int64}, -CAST(1, 'Int64'))] AS change
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int64') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS change FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, toFloat64(sum(change) OVER (PARTITION BY ask ORDER BY at)) AS value FROM folded
)
SELECT ask, min(at) AS first_at, argMin(value, at) AS first_value
FROM steps WHERE value >= {target:Float64} GROUP BY ask
