-- all time
dates AS (
    SELECT ask, any(since) AS since, at, any(at) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, toInt64(4000000000000000000) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, at + age * 86400000 AS moment, toFloat64(age) AS value
    FROM (
        SELECT ask, since, at, least(next_at, lapse) AS until,
            intDiv(least(until - 1, greatest(latest, at)) - at, 86400000) AS last_age,
            toUInt32(least(intDiv(since - at, 86400000), 3660)) AS age_then,
            if(at <= since AND since < until, [age_then], []) AS opening
        FROM placed
    ) ARRAY JOIN arrayConcat(
        range(toUInt32(least(last_age, oldest) + 1)), arrayFilter(one -> one <= last_age, ages), opening) AS age
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
    SELECT ask, any(since) AS since, at, any(at) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, at + span_ms AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, at + age * 86400000 AS moment, toFloat64(age) AS value
    FROM (
        SELECT ask, since, at, least(next_at, lapse) AS until,
            intDiv(least(until - 1, greatest(latest, at)) - at, 86400000) AS last_age,
            toUInt32(least(intDiv(since - at, 86400000), 3660)) AS age_then,
            if(at <= since AND since < until, [age_then], []) AS opening
        FROM placed
    ) ARRAY JOIN arrayConcat(
        range(toUInt32(least(last_age, oldest) + 1)), arrayFilter(one -> one <= last_age, ages), opening) AS age
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
    SELECT ask, any(since) AS since, at, any(at) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, -roundDown(-at - 1, ends) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, at + age * 86400000 AS moment, toFloat64(age) AS value
    FROM (
        SELECT ask, since, at, least(next_at, lapse) AS until,
            intDiv(least(until - 1, greatest(latest, at)) - at, 86400000) AS last_age,
            toUInt32(least(intDiv(since - at, 86400000), 3660)) AS age_then,
            if(at <= since AND since < until, [age_then], []) AS opening
        FROM placed
    ) ARRAY JOIN arrayConcat(
        range(toUInt32(least(last_age, oldest) + 1)), arrayFilter(one -> one <= last_age, ages), opening) AS age
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < toInt64(4000000000000000000) AND next_at > lapse
    UNION ALL
    SELECT ask, since, -toInt64(4000000000000000000) AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)
