-- all time
dates AS (
    SELECT ask, any(since) AS since, at, min(field) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, toInt64(4000000000000000000) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, at AS moment,
        min(picked) OVER (PARTITION BY ask ORDER BY at) AS value FROM placed
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
    SELECT ask, any(since) AS since, at, min(field) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, at + span_ms AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, any(since) AS since, moment, any(inside) AS value FROM (
        SELECT ask, since, change.1 AS moment, min(change.3) OVER so_far AS gained,
            max(change.4) OVER so_far AS kept, if(kept = -inf, gained, least(gained, kept)) AS inside
        FROM (
            SELECT ask, since, at, picked, lapse, at - toInt64(positiveModulo(at, span_ms)) AS block,
                lapse_before - span_ms < block AS is_first,
                min(picked) OVER (PARTITION BY ask, block) AS whole,
                ifNull(min(toNullable(picked)) OVER (PARTITION BY ask, block ORDER BY at DESC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), inf) AS rest
            FROM placed
        ) ARRAY JOIN arrayConcat([(at, block, picked, -inf), (lapse, block + span_ms, inf, rest)],
            if(is_first, [(block + span_ms, block + span_ms, inf, whole)], [])) AS change
        WINDOW so_far AS (PARTITION BY ask, change.2 ORDER BY change.1)
    ) WHERE inside != inf GROUP BY ask, moment
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
    SELECT ask, any(since) AS since, at, min(field) AS picked FROM emissions GROUP BY ask, at
),
placed AS (
    SELECT ask, since, at, picked, -roundDown(-at - 1, ends) AS lapse,
        lagInFrame(lapse, 1, at) OVER round_about AS lapse_before,
        leadInFrame(at, 1, toInt64(4000000000000000000)) OVER round_about AS next_at
    FROM dates WINDOW round_about AS (PARTITION BY ask ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
turns AS (
    SELECT ask, since, at AS moment,
        min(picked) OVER (PARTITION BY ask, lapse ORDER BY at) AS value FROM placed
    UNION ALL
    SELECT ask, since, lapse AS moment, nan AS value FROM placed WHERE lapse < toInt64(4000000000000000000) AND next_at > lapse
    UNION ALL
    SELECT ask, since, -toInt64(4000000000000000000) AS moment, nan AS value FROM asks
),
steps AS (
    SELECT ask, greatest(moment, since) AS at, argMax(value, moment) AS value FROM turns GROUP BY ask, at
)
