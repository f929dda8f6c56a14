module milepost.example/recorded

go 1.21

require (
	github.com/cloudevents/sdk-go/v2 v2.16.2
	github.com/rudderlabs/analytics-go/v4 v4.2.3
	github.com/segmentio/analytics-go/v3 v3.3.0
)
