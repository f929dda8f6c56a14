// Sends with the official Java clients as their READMEs show: java -cp 'lib/*' Record.java CLIENT URL WRITE_KEY
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.MessageWriter;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public class Record {
  static final String USER = "java-user";
  static final Map<String, Object> PROPERTIES = new LinkedHashMap<>();

  static {
    PROPERTIES.put("total", 5.5);
    PROPERTIES.put("city", "Zürich & <Söhne>");
  }

  static OffsetDateTime at(int second) {
    return OffsetDateTime.of(2024, 5, 6, 7, 8, second, 0, ZoneOffset.UTC);
  }

  static void withSegment(String url, String key) throws Exception {
    CountDownLatch done = new CountDownLatch(6);
    com.segment.analytics.Analytics client =
        com.segment.analytics.Analytics.builder(key)
            .endpoint(url)
            .flushQueueSize(6)
            .flushInterval(1, TimeUnit.HOURS)
            .callback(
                new com.segment.analytics.Callback() {
                  public void success(com.segment.analytics.messages.Message message) {
                    done.countDown();
                  }

                  public void failure(com.segment.analytics.messages.Message message, Throwable error) {
                    error.printStackTrace();
                    System.exit(1);
                  }
                })
            .build();
    List<com.segment.analytics.messages.MessageBuilder<?, ?>> messages =
        List.of(
            com.segment.analytics.messages.IdentifyMessage.builder().traits(Map.of("plan", "team")),
            com.segment.analytics.messages.TrackMessage.builder("Order Completed").properties(PROPERTIES),
            com.segment.analytics.messages.PageMessage.builder("Home"),
            com.segment.analytics.messages.ScreenMessage.builder("Start"),
            com.segment.analytics.messages.GroupMessage.builder("java-group").traits(Map.of("seats", 7)),
            com.segment.analytics.messages.AliasMessage.builder("before"));
    for (int place = 0; place < 6; place++) {
      client.enqueue(
          messages.get(place).messageId("m" + (place + 1)).userId(USER).timestamp(Date.from(at(place + 1).toInstant())));
    }
    finish(done, client::shutdown);
  }

  static void withRudder(String url, String key, boolean isPacked) throws Exception {
    CountDownLatch done = new CountDownLatch(6);
    com.rudderstack.sdk.java.analytics.RudderAnalytics client =
        com.rudderstack.sdk.java.analytics.RudderAnalytics.builder(key)
            .setDataPlaneUrl(url)
            .setGZIP(isPacked)
            .flushQueueSize(6)
            .flushInterval(1, TimeUnit.HOURS)
            .callback(
                new com.rudderstack.sdk.java.analytics.Callback() {
                  public void success(com.rudderstack.sdk.java.analytics.messages.Message message) {
                    done.countDown();
                  }

                  public void failure(com.rudderstack.sdk.java.analytics.messages.Message message, Throwable error) {
                    error.printStackTrace();
                    System.exit(1);
                  }
                })
            .build();
    List<com.rudderstack.sdk.java.analytics.messages.MessageBuilder<?, ?>> messages =
        List.of(
            com.rudderstack.sdk.java.analytics.messages.IdentifyMessage.builder().traits(Map.of("plan", "team")),
            com.rudderstack.sdk.java.analytics.messages.TrackMessage.builder("Order Completed").properties(PROPERTIES),
            com.rudderstack.sdk.java.analytics.messages.PageMessage.builder("Home"),
            com.rudderstack.sdk.java.analytics.messages.ScreenMessage.builder("Start"),
            com.rudderstack.sdk.java.analytics.messages.GroupMessage.builder("java-group").traits(Map.of("seats", 7)),
            com.rudderstack.sdk.java.analytics.messages.AliasMessage.builder("before"));
    for (int place = 0; place < 6; place++) {
      client.enqueue(
          messages.get(place).messageId("m" + (place + 1)).userId(USER).timestamp(Date.from(at(place + 1).toInstant())));
    }
    finish(done, client::shutdown);
  }

  static void finish(CountDownLatch done, Runnable shutdown) throws Exception {
    if (!done.await(30, TimeUnit.SECONDS)) {
      throw new IllegalStateException("not everything was sent");
    }
    shutdown.run();
  }

  static void withCloudEvents(String url, String key) throws Exception {
    HttpClient http = HttpClient.newHttpClient();
    for (int place = 1; place <= 2; place++) {
      CloudEvent event =
          CloudEventBuilder.v1()
              .withId("m" + place)
              .withSource(URI.create("/shop"))
              .withType("com.example.order")
              .withSubject("größer 100 %")
              .withTime(at(place))
              .withData(
                  "application/json", "{\"total\":5.5,\"city\":\"Zürich & <Söhne>\"}".getBytes(StandardCharsets.UTF_8))
              .build();
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/v1/cloudevents?writeKey=" + key));
      MessageWriter<?, ?> writer =
          HttpMessageFactory.createWriter(
              request::header, body -> request.POST(HttpRequest.BodyPublishers.ofByteArray(body)));
      if (place == 1) {
        writer.writeBinary(event);
      } else {
        writer.writeStructured(event, new JsonFormat());
      }
      int status = http.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
      if (status != 200) {
        throw new IllegalStateException("answered with " + status);
      }
    }
  }

  public static void main(String[] words) throws Exception {
    switch (words[0]) {
      case "segment" -> withSegment(words[1], words[2]);
      case "rudder" -> withRudder(words[1], words[2], true);
      case "rudder-plain" -> withRudder(words[1], words[2], false);
      case "cloudevents" -> withCloudEvents(words[1], words[2]);
      default -> throw new IllegalArgumentException(words[0]);
    }
    System.exit(0);
  }
}
