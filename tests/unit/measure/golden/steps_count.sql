-- all time
changes AS (
    SELECT ask, since, at AS moment, toInt64(1) AS delta FROM emissions
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int64') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) AS value FROM folded
)

-- rolling days
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

-- calendar
changes AS (
    SELECT ask, since, change.1 AS moment, change.2 AS delta FROM emissions
    ARRAY JOIN [(at, toInt64(1)), (-roundDown(-at - 1, ends), -toInt64(1))] AS change
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int64') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) AS value FROM folded
)
