-- all time
changes AS (
    SELECT ask, any(since) AS since, min(at) AS moment, toInt64(1) AS delta
    FROM emissions GROUP BY ask, field
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
    SELECT ask, since, change.1 AS moment, change.2 AS delta FROM (
        SELECT ask, since, at, at + span_ms AS lapse,
            lagInFrame(lapse, 1, at) OVER same AS covered_until,
            leadInFrame(at, 1, lapse) OVER same AS next_at
        FROM emissions
        WINDOW same AS (PARTITION BY ask, field ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ) ARRAY JOIN [(at, toInt64(covered_until <= at)), (lapse, -toInt64(next_at >= lapse))] AS change
    WHERE change.2 != 0
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
    SELECT ask, since, change.1 AS moment, change.2 AS delta FROM (
        SELECT ask, since, at, -roundDown(-at - 1, ends) AS lapse,
            lagInFrame(lapse, 1, at) OVER same AS covered_until,
            leadInFrame(at, 1, lapse) OVER same AS next_at
        FROM emissions
        WINDOW same AS (PARTITION BY ask, field ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ) ARRAY JOIN [(at, toInt64(covered_until <= at)), (lapse, -toInt64(next_at >= lapse))] AS change
    WHERE change.2 != 0
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int64') AS delta FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) AS value FROM folded
)
