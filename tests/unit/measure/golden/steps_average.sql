-- all time
changes AS (
    SELECT ask, since, at AS moment, if(abs(field) < 1e28, toInt256(round(field * 1e15)), toInt256(0)) AS delta, toInt64(abs(field) < 1e28) AS many FROM emissions
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int256') AS delta, CAST(0, 'Int64') AS many FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then, sum(many) AS many_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, round(round(toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) / 1e15, 9) / toFloat64(sum(many_then) OVER (PARTITION BY ask ORDER BY at)), 6) AS value FROM folded
)

-- rolling days
changes AS (
    SELECT ask, since, change.1 AS moment, change.2 AS delta, change.3 AS many FROM emissions
    ARRAY JOIN [(at, if(abs(field) < 1e28, toInt256(round(field * 1e15)), toInt256(0)), toInt64(abs(field) < 1e28)), (at + span_ms, -if(abs(field) < 1e28, toInt256(round(field * 1e15)), toInt256(0)), -toInt64(abs(field) < 1e28))] AS change
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int256') AS delta, CAST(0, 'Int64') AS many FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then, sum(many) AS many_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, round(round(toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) / 1e15, 9) / toFloat64(sum(many_then) OVER (PARTITION BY ask ORDER BY at)), 6) AS value FROM folded
)

-- calendar
changes AS (
    SELECT ask, since, change.1 AS moment, change.2 AS delta, change.3 AS many FROM emissions
    ARRAY JOIN [(at, if(abs(field) < 1e28, toInt256(round(field * 1e15)), toInt256(0)), toInt64(abs(field) < 1e28)), (-roundDown(-at - 1, ends), -if(abs(field) < 1e28, toInt256(round(field * 1e15)), toInt256(0)), -toInt64(abs(field) < 1e28))] AS change
    UNION ALL
    SELECT ask, since, since AS moment, CAST(0, 'Int256') AS delta, CAST(0, 'Int64') AS many FROM asks
),
folded AS (
    SELECT ask, greatest(moment, since) AS at, sum(delta) AS delta_then, sum(many) AS many_then FROM changes GROUP BY ask, at
),
steps AS (
    SELECT ask, at, round(round(toFloat64(sum(delta_then) OVER (PARTITION BY ask ORDER BY at)) / 1e15, 9) / toFloat64(sum(many_then) OVER (PARTITION BY ask ORDER BY at)), 6) AS value FROM folded
)
