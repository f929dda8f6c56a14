/** Send a test event: the request, the answer of the front door, and a moment later its fate and its trace. */
import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Connection, sendTestEvent, type TestEvent } from "../../api/queries/connections";
import { requestQuery } from "../../api/queries/events";
import { useFrame, useMay } from "../../api/queries/session";
import { useDraft } from "../../parts/draft";
import { FateMark } from "../../parts/fate-mark";
import { Trouble } from "../../parts/trouble";
import { connections as words } from "../../words/en/connections";

const INITIAL = { eventKey: "milepost-test", payload: '{\n  "accountId": "acme-1",\n  "test": true\n}' };

const objectIn = (text: string): Record<string, unknown> | undefined => {
  try {
    const value = JSON.parse(text) as unknown;
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};

export function TestEventForm({ connection }: { connection: Connection }) {
  const me = useFrame().name;
  const maySend = useMay("editor");
  const [draft, setDraft] = useDraft(`${me} test event ${connection.id}`, INITIAL);
  const [isBad, setBad] = useState(false);
  const sending = useMutation({
    mutationFn: (payload: Record<string, unknown>) => sendTestEvent(connection.id, draft.eventKey, payload),
  });
  if (!maySend) return null;
  const send = (): void => {
    const payload = objectIn(draft.payload);
    setBad(!payload);
    if (payload) sending.mutate(payload);
  };
  return (
    <section className="section" style={{ maxWidth: 860 }} aria-label={words.testTitle}>
      <h2>{words.testTitle}</h2>
      <p className="soft" style={{ marginTop: 0 }}>
        {words.testSays}
      </p>
      <div className="stack">
        <TextInput
          label={words.testKey}
          value={draft.eventKey}
          onChange={(event) => setDraft({ ...draft, eventKey: event.currentTarget.value })}
          maw={320}
        />
        <Textarea
          label={words.testPayload}
          value={draft.payload}
          error={isBad ? words.testBad : undefined}
          onChange={(event) => setDraft({ ...draft, payload: event.currentTarget.value })}
          autosize
          minRows={4}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
        />
        <div className="row">
          <Button loading={sending.isPending} onClick={send} variant="default">
            {words.testSend}
          </Button>
        </div>
        {sending.error ? <Trouble error={sending.error} /> : null}
        {sending.data ? <Sent sent={sending.data} connectionId={connection.id} /> : null}
      </div>
    </section>
  );
}

function Sent({ sent, connectionId }: { sent: TestEvent; connectionId: string }) {
  const { request } = sent;
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const written = [`${request.method} ${request.path}`, ...headers, "", JSON.stringify(request.body, null, 2)];
  return (
    <div className="columns" data-sent>
      <div>
        <strong style={{ fontSize: 13 }}>{words.testRequest}</strong>
        <pre className="snippet" tabIndex={0} aria-label={words.testRequest}>
          {written.join("\n")}
        </pre>
      </div>
      <div className="stack">
        <div>
          <strong style={{ fontSize: 13 }}>
            {words.testAnswer} {sent.status}
          </strong>
          <pre className="snippet" tabIndex={0} aria-label={words.testAnswer}>
            {typeof sent.answer === "string" ? sent.answer : JSON.stringify(sent.answer, null, 2)}
          </pre>
        </div>
        {sent.request_id ? (
          <Became requestId={sent.request_id} />
        ) : sent.status < 300 ? (
          <Link to="/events" search={{ connection_id: connectionId }}>
            {words.seeEvents}
          </Link>
        ) : null}
      </div>
    </div>
  );
}

function Became({ requestId }: { requestId: string }) {
  const found = useQuery(requestQuery(requestId, 10));
  const [event] = found.data?.events ?? [];
  return (
    <div role="status">
      <strong style={{ fontSize: 13 }}>{words.testFate}</strong>
      <div style={{ marginTop: 4 }}>
        {found.isPending ? words.testWaiting : null}
        {found.error ? words.testSlow : null}
        {event ? (
          <span className="row">
            <FateMark fate={event.fate} />
            <Link to="/events" search={{ event: event.id }}>
              {words.testTrace}
            </Link>
          </span>
        ) : null}
      </div>
    </div>
  );
}
