SELECT company_id, ifNull(uniqExactIf(cityHash64(assumeNotNull(t1)), t1 IS NOT NULL), {empty:Float64}) AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1
