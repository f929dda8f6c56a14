SELECT company_id, ifNull(round(sumKahanIf(n3, abs(n3) < 1e28), 6), {empty:Float64}) AS value
FROM signals
WHERE signal_id = {signal:UUID} AND generation = {generation:UInt32} AND event_date <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')
GROUP BY company_id
SETTINGS optimize_aggregation_in_order = 1
