// Sends with the official Go clients as their READMEs show: go run . CLIENT URL WRITE_KEY
package main

import (
	"context"
	"log"
	"net/url"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	rudder "github.com/rudderlabs/analytics-go/v4"
	segment "github.com/segmentio/analytics-go/v3"
)

func at(second int) time.Time {
	return time.Date(2024, 5, 6, 7, 8, second, 0, time.UTC)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func withSegment(endpoint string, key string) {
	client, err := segment.NewWithConfig(key, segment.Config{Endpoint: endpoint, BatchSize: 4, Interval: time.Hour})
	must(err)
	user := "go-user"
	for _, message := range []segment.Message{
		segment.Identify{MessageId: "m1", UserId: user, Traits: segment.NewTraits().Set("plan", "team"), Timestamp: at(1)},
		segment.Track{MessageId: "m2", UserId: user, Event: "Order Completed",
			Properties: segment.NewProperties().Set("total", 5.5).Set("city", "Zürich & <Söhne>"), Timestamp: at(2)},
		segment.Page{MessageId: "m3", UserId: user, Name: "Home", Timestamp: at(3)},
		segment.Screen{MessageId: "m4", UserId: user, Name: "Start", Timestamp: at(4)},
		segment.Group{MessageId: "m5", UserId: user, GroupId: "go-group", Traits: segment.NewTraits().Set("seats", 7), Timestamp: at(5)},
		segment.Alias{MessageId: "m6", UserId: user, PreviousId: "before", Timestamp: at(6)},
	} {
		must(client.Enqueue(message))
	}
	must(client.Close())
}

func withRudder(endpoint string, key string, isPlain bool) {
	client, err := rudder.NewWithConfig(key, rudder.Config{
		DataPlaneUrl: endpoint, BatchSize: 6, Interval: time.Hour, DisableGzip: isPlain, NoProxySupport: true,
	})
	must(err)
	user := "go-user"
	for _, message := range []rudder.Message{
		rudder.Identify{MessageId: "m1", UserId: user, Traits: rudder.NewTraits().Set("plan", "team"), OriginalTimestamp: at(1)},
		rudder.Track{MessageId: "m2", UserId: user, Event: "Order Completed",
			Properties: rudder.NewProperties().Set("total", 5.5).Set("city", "Zürich & <Söhne>"), OriginalTimestamp: at(2)},
		rudder.Page{MessageId: "m3", UserId: user, Name: "Home", OriginalTimestamp: at(3)},
		rudder.Screen{MessageId: "m4", UserId: user, Name: "Start", OriginalTimestamp: at(4)},
		rudder.Group{MessageId: "m5", UserId: user, GroupId: "go-group", Traits: rudder.NewTraits().Set("seats", 7), OriginalTimestamp: at(5)},
		rudder.Alias{MessageId: "m6", UserId: user, PreviousId: "before", OriginalTimestamp: at(6)},
	} {
		must(client.Enqueue(message))
	}
	must(client.Close())
}

func withCloudEvents(endpoint string, key string) {
	client, err := cloudevents.NewClientHTTP()
	must(err)
	target := cloudevents.ContextWithTarget(context.Background(), endpoint+"/v1/cloudevents?writeKey="+url.QueryEscape(key))
	for place, in := range []func(context.Context) context.Context{
		cloudevents.WithEncodingBinary, cloudevents.WithEncodingStructured,
	} {
		event := cloudevents.NewEvent()
		event.SetID([]string{"m1", "m2"}[place])
		event.SetSource("/shop")
		event.SetType("com.example.order")
		event.SetSubject("größer 100 %")
		event.SetTime(at(place + 1))
		must(event.SetData(cloudevents.ApplicationJSON, map[string]any{"total": 5.5, "city": "Zürich & <Söhne>"}))
		if result := client.Send(in(target), event); !cloudevents.IsACK(result) {
			log.Fatal(result)
		}
	}
}

func main() {
	client, endpoint, key := os.Args[1], os.Args[2], os.Args[3]
	switch client {
	case "segment":
		withSegment(endpoint, key)
	case "rudder":
		withRudder(endpoint, key, false)
	case "rudder-plain":
		withRudder(endpoint, key, true)
	case "cloudevents":
		withCloudEvents(endpoint, key)
	default:
		log.Fatal("no such client: ", client)
	}
}
