-- all time
dates AS (
    SELECT ask, any(since) AS since, at, argMin(field, received) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, toInt64(4000000000000000000) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, any(since) AS since, min(at) AS moment, argMin(picked, at) AS value
    FROM placed GROUP BY ask
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < toInt64(4000000000000000000) AND next_at > lapse
    UNION ALL
    SELECT ask, since, -toInt64(4000000000000000000) AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)

-- rolling days
dates AS (
    SELECT ask, any(since) AS since, at, argMin(field, received) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, at + span_ms AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, greatest(at, lapse_before) AS moment, picked AS value
    FROM placed WHERE moment < lapse
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < toInt64(4000000000000000000) AND next_at > lapse
    UNION ALL
    SELECT ask, since, -toInt64(4000000000000000000) AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)

-- calendar
dates AS (
    SELECT ask, any(since) AS since, at, argMin(field, received) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, -roundDown(-at - 1, ends) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, greatest(at, lapse_before) AS moment, picked AS value
    FROM placed WHERE moment < lapse
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < toInt64(4000000000000000000) AND next_at > lapse
    UNION ALL
    SELECT ask, since, -toInt64(4000000000000000000) AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)
