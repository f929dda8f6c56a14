-- count
SELECT company_id, CAST(count(), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- distinct
SELECT company_id, CAST(uniqExactIf(cityHash64(assumeNotNull(t1)), t1 IS NOT NULL), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- sum
SELECT company_id, CAST(ifNull(round(sumKahanIf(n3, abs(n3) < 1e28), 6), 0), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- average
SELECT company_id, CAST(round(round(sumKahanIf(n3, abs(n3) < 1e28), 9) / nullIf(countIf(abs(n3) < 1e28), 0), 6), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- minimum
SELECT company_id, CAST(min(n3), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- maximum
SELECT company_id, CAST(max(n3), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- first
SELECT company_id, CAST(argMin(n3, (event_date, UUIDToNum(request_id), item)), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- latest
SELECT company_id, CAST(argMax(n3, (event_date, UUIDToNum(request_id), item)), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1

-- days_since_last
SELECT company_id, CAST(least(intDiv({as_of:Int64} - toUnixTimestamp64Milli(max(event_date)), 86400000), 3660), 'Nullable(Float64)') AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1
