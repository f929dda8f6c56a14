/** What somebody else wrote meanwhile beside one's own: nothing is written until one of them is chosen. */
import { Alert, Button } from "@mantine/core";
import { connections as words } from "../words/en/connections";

interface Props {
  theirs: [string, string][];
  yours: [string, string][];
  onTheirs: () => void;
  onYours: () => void;
}

export function TwoVersions({ theirs, yours, onTheirs, onYours }: Props) {
  const { conflictColumns: columns } = words;
  return (
    <Alert color="yellow" variant="outline" title={words.conflict} role="alert">
      <p style={{ marginTop: 0 }}>{words.conflictSays}</p>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{columns.field}</th>
            <th scope="col">{columns.theirs}</th>
            <th scope="col">{columns.yours}</th>
          </tr>
        </thead>
        <tbody>
          {theirs.map(([field, value], place) =>
            value === yours[place]?.[1] ? null : (
              <tr key={field}>
                <td>{field}</td>
                <td>{value}</td>
                <td>{yours[place]?.[1]}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      <div className="row" style={{ marginTop: 10 }}>
        <Button size="xs" variant="default" onClick={onTheirs}>
          {words.keepTheirs}
        </Button>
        <Button size="xs" variant="default" onClick={onYours}>
          {words.keepYours}
        </Button>
      </div>
    </Alert>
  );
}
