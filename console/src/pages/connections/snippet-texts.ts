/**
 * What sends an event from where the reader is, with the connection's own values: each runs as it is pasted.
 * Values stand in quotes of the language, and are letters, digits and addresses only, so nothing can end them.
 */
import type { ConnectionKind, Credentials } from "../../api/queries/connections";

export interface Snippet {
  name: string;
  text: string;
}

/** Where things are: `caFile` is on the service's own machine, and null where certificates need no word about trust. */
export interface Addresses {
  apiUrl: string;
  appUrl: string;
  caFile: string | null;
}

export function snippetsFor(kind: ConnectionKind, keys: Credentials, at: Addresses): Snippet[] {
  switch (kind) {
    case "event-handler":
      return eventHandler(at, keys.clientId ?? "", keys.clientSecret ?? "");
    case "tracking-script":
      return trackingScript(keys.trackingScript ?? "");
    case "custom-events":
      return customEvents(at, keys.writeKey ?? "");
    case "machine-to-machine":
      return machine(at, keys.clientId ?? "", keys.clientSecret ?? "");
  }
}

const EVENT = '{"eventKey": "logins", "data": [{"accountId": "acme-1", "userId": "ada"}]}';

/** What each language needs to be told so that it trusts a CA of our own; nothing where it need not. */
const trust = (caFile: string | null) => ({
  curl: caFile ? `curl -s --cacert '${caFile}'` : "curl -s",
  pythonImport: caFile ? "import json, ssl" : "import json",
  python: caFile ? `, context=ssl.create_default_context(cafile=${JSON.stringify(caFile)})` : "",
  node: caFile ? `// run with the environment NODE_EXTRA_CA_CERTS=${caFile}\n` : "",
  go: caFile ? `// run with the environment SSL_CERT_FILE=${caFile}\n` : "",
});

function eventHandler({ apiUrl: url, caFile }: Addresses, id: string, secret: string): Snippet[] {
  const trusting = trust(caFile);
  const curl = `TOKEN=$(${trusting.curl} ${url}/getToken -H 'Content-Type: application/json' \\
  -d '{"clientId": "${id}", "clientSecret": "${secret}"}' | sed 's/.*"accessToken": *"\\([^"]*\\)".*/\\1/')
${trusting.curl} ${url}/events -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \\
  -d '${EVENT}'`;
  const python = `${trusting.pythonImport}
from urllib.request import Request, urlopen

def post(path, body, **headers):
    request = Request("${url}" + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    return json.load(urlopen(request${trusting.python}))

token = post("/getToken", {"clientId": "${id}", "clientSecret": "${secret}"})["accessToken"]
event = ${EVENT}
print(post("/events", event, Authorization=f"Bearer {token}"))`;
  const node = `${trusting.node}const post = async (path, body, headers = {}) => {
  const all = { "Content-Type": "application/json", ...headers };
  const answer = await fetch("${url}" + path, { method: "POST", headers: all, body: JSON.stringify(body) });
  return answer.json();
};
(async () => {
  const { accessToken } = await post("/getToken", { clientId: "${id}", clientSecret: "${secret}" });
  const event = ${EVENT};
  console.log(await post("/events", event, { Authorization: \`Bearer \${accessToken}\` }));
})();`;
  const go = `${trusting.go}package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

func post(path, body, token string) (answer map[string]any) {
	request, _ := http.NewRequest("POST", "${url}"+path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	json.NewDecoder(response.Body).Decode(&answer)
	return answer
}

func main() {
	token := post("/getToken", \`{"clientId": "${id}", "clientSecret": "${secret}"}\`, "")["accessToken"].(string)
	fmt.Println(post("/events", \`${EVENT}\`, token))
}`;
  return [
    { name: "curl", text: curl },
    { name: "Python", text: python },
    { name: "Node", text: node },
    { name: "Go", text: go },
  ];
}

function trackingScript(script: string): Snippet[] {
  const use = `<script>
mcxContext({ companyId: "acme-1", userId: "ada" });
mcxTrack("logins", { plan: "team" });
</script>`;
  return [{ name: "Web page", text: `${script.trimEnd()}\n${use}` }];
}

function customEvents({ apiUrl: url, caFile }: Addresses, key: string): Snippet[] {
  const trusting = trust(caFile);
  const body = `{"_metarouter": {"writeKey": "${key}", "eventName": "logins"}, "accountId": "acme-1", "userId": "ada"}`;
  const curl = `${trusting.curl} ${url}/v1/custom/event -H 'Content-Type: application/json' \\
  -d '${body}'`;
  const python = `${trusting.pythonImport}
from urllib.request import Request, urlopen

event = ${body}
request = Request("${url}/v1/custom/event", json.dumps(event).encode(), {"Content-Type": "application/json"})
print(json.load(urlopen(request${trusting.python})))`;
  const node = `${trusting.node}const event = ${body};
fetch("${url}/v1/custom/event", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(event),
}).then(async (answer) => console.log(await answer.json()));`;
  return [
    { name: "curl", text: curl },
    { name: "Python", text: python },
    { name: "Node", text: node },
  ];
}

function machine({ apiUrl: url, appUrl, caFile }: Addresses, id: string, secret: string): Snippet[] {
  const trusting = trust(caFile);
  const curl = `TOKEN=$(${trusting.curl} ${url}/getToken -H 'Content-Type: application/json' \\
  -d '{"clientId": "${id}", "clientSecret": "${secret}"}' | sed 's/.*"accessToken": *"\\([^"]*\\)".*/\\1/')
${trusting.curl} ${appUrl}/api/companies -H "Authorization: Bearer $TOKEN"`;
  return [{ name: "curl", text: curl }];
}
