/** What failed, beside where it failed, with what to do. */
import { Alert, Button } from "@mantine/core";
import { frame } from "../words/en/frame";

interface Refusal {
  message: string;
  body?: { title: string; faults: { path: string; reason: string }[] };
}

export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const refusal = error as Refusal;
  const faults = refusal.body?.faults ?? [];
  return (
    <Alert color="red" variant="outline" title={refusal.body?.title ?? frame.trouble} role="alert">
      <div>{refusal.message}</div>
      {faults.length ? (
        <ul style={{ margin: "6px 0 0", paddingLeft: 18 }}>
          {faults.map((fault) => (
            <li key={`${fault.path} ${fault.reason}`}>
              {fault.path ? <code>{fault.path}</code> : null} {fault.reason}
            </li>
          ))}
        </ul>
      ) : null}
      {again ? (
        <Button size="xs" variant="default" mt={10} onClick={again}>
          {frame.again}
        </Button>
      ) : null}
    </Alert>
  );
}
