-- -a / (b - 1.5e3) / b
WITH asks AS (
    SELECT pair.1 AS ask, pair.2 AS company_id, pair.3 AS since FROM (
        SELECT arrayJoin(arrayZip(range(length({companies:Array(UUID)})), {companies:Array(UUID)},
            {sinces:Array(Int64)})) AS pair)
),
steps AS (
SELECT ask, at, if(isFinite(computed * 1e6), round(computed, 6), nan) AS value FROM (
    SELECT ask, at, ifNull((((toFloat64(0.0) - leaf_0) / nullIf((leaf_1 - toFloat64(1500.0)), 0)) / nullIf(leaf_1, 0)), nan) AS computed FROM (
        SELECT ask, at, last_value(step_0) OVER so_far AS leaf_0, last_value(step_1) OVER so_far AS leaf_1 FROM (
            SELECT ask, at, anyOrNullIf(value, leaf = 0) AS step_0, anyOrNullIf(value, leaf = 1) AS step_1 FROM (
        SELECT ask, at, value, 0 AS leaf FROM (
WITH
    {span_ms_0:Int64} AS span_ms,
emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at
    FROM signals INNER JOIN asks USING (company_id)
    WHERE signal_id = {signal_0:UUID} AND generation = {generation_0:UInt32}
        AND company_id IN {companies:Array(UUID)}
),
changes AS (
    SELECT ask, since, change.1 AS moment, change.2 AS delta FROM emissions
    ARRAY JOIN [(at, toInt64(1)), (at + span_ms, -toInt64(1))] AS change
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int64') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) AS value FROM folded
)
SELECT ask, at, value FROM steps
)
        UNION ALL
        SELECT ask, at, value, 1 AS leaf FROM (
WITH
emissions AS (
    SELECT ask, since, toUnixTimestamp64Milli(event_date) AS at, assumeNotNull(n3) AS field
    FROM signals INNER JOIN asks USING (company_id)
    WHERE signal_id = {signal_1:UUID} AND generation = {generation_1:UInt32}
        AND company_id IN {companies:Array(UUID)}
        AND n3 IS NOT NULL
),
changes AS (
    SELECT ask, since, at AS moment, if(abs(field) < 1e28, toInt256(round(field * 1e15)), toInt256(0)) AS delta FROM emissions
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int256') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, round(toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) / 1e15, 6) AS value FROM folded
)
SELECT ask, at, value FROM steps
)
            ) GROUP BY ask, at
        ) WINDOW so_far AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
)
)
SELECT ask, roundDown(at - 1, {bounds:Array(Int64)}) AS bound, argMax(value, at)
FROM steps WHERE at <= {last:Int64} GROUP BY ask, bound
