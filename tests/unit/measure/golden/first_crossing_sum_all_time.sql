WITH asks AS (
    SELECT pair.1 AS ask, pair.2 AS company_id, pair.3 AS since FROM (
        SELECT arrayJoin(arrayZip(range(length({companies:Array(UUID)})), {companies:Array(UUID)},
            {sinces:Array(Int64)})) AS pair)
),
emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at, assumeNotNull(n3) AS field
    FROM signals INNER JOIN asks USING (company_id)
    WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32}
        AND company_id IN {companies:Array(UUID)}
        AND n3 IS NOT NULL
),
changes AS (
    SELECT ask, since, at AS moment, if(abs(field) < 1e28, toInt256(round(field * 1e9)), toInt256(0)) AS delta FROM emissions
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int256') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS change FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, round(toFloat64(sum(change) OVER (PARTITION BY ask ORDER BY at)) / 1e9, 6) AS value FROM folded
)
SELECT ask, min(at) AS first_at, argMin(value, at) AS first_value
FROM steps WHERE value >= {target:Float64} GROUP BY ask
