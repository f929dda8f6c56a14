-- a window that begins, for some companies
SELECT company_id, CAST(count(), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date > fromUnixTimestamp64Milli({begins_after:Int64}, 'UTC') AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC') AND company_id IN {companies:Array(UUID)}
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 0

-- of now, where nothing is later
SELECT company_id, CAST(count(), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32}
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- by the values of a field
SELECT t1 AS of_group, CAST(count(), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC') AND company_id IN {companies:Array(UUID)}
GROUP BY of_group
ORDER BY value DESC NULLS LAST, of_group NULLS LAST
LIMIT {most:UInt32}
