/**
 * What sends an event from where the reader is, with the connection's own values: each runs as it is pasted.
 * Values stand in quotes of the language, and are letters, digits and addresses only, so nothing can end them.
 */
import type { ConnectionKind, Credentials } from "../../api/queries/connections";

export interface Snippet {
  name: string;
  text: string;
}

export function snippetsFor(kind: ConnectionKind, keys: Credentials, apiUrl: string, appUrl: string): Snippet[] {
  switch (kind) {
    case "event-handler":
      return eventHandler(apiUrl, keys.clientId ?? "", keys.clientSecret ?? "");
    case "tracking-script":
      return trackingScript(keys.trackingScript ?? "");
    case "custom-events":
      return customEvents(apiUrl, keys.writeKey ?? "");
    case "machine-to-machine":
      return machine(apiUrl, appUrl, keys.clientId ?? "", keys.clientSecret ?? "");
  }
}

const EVENT = '{"eventKey": "logins", "data": [{"accountId": "acme-1", "userId": "ada"}]}';

function eventHandler(url: string, id: string, secret: string): Snippet[] {
  const curl = `TOKEN=$(curl -s ${url}/getToken -H 'Content-Type: application/json' \\
  -d '{"clientId": "${id}", "clientSecret": "${secret}"}' | sed 's/.*"accessToken": *"\\([^"]*\\)".*/\\1/')
curl -s ${url}/events -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \\
  -d '${EVENT}'`;
  const python = `import json
from urllib.request import Request, urlopen

def post(path, body, **headers):
    request = Request("${url}" + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    return json.load(urlopen(request))

token = post("/getToken", {"clientId": "${id}", "clientSecret": "${secret}"})["accessToken"]
event = ${EVENT}
print(post("/events", event, Authorization=f"Bearer {token}"))`;
  const node = `const post = async (path, body, headers = {}) => {
  const all = { "Content-Type": "application/json", ...headers };
  const answer = await fetch("${url}" + path, { method: "POST", headers: all, body: JSON.stringify(body) });
  return answer.json();
};
(async () => {
  const { accessToken } = await post("/getToken", { clientId: "${id}", clientSecret: "${secret}" });
  const event = ${EVENT};
  console.log(await post("/events", event, { Authorization: \`Bearer \${accessToken}\` }));
})();`;
  const go = `package main

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

function customEvents(url: string, key: string): Snippet[] {
  const body = `{"_metarouter": {"writeKey": "${key}", "eventName": "logins"}, "accountId": "acme-1", "userId": "ada"}`;
  const curl = `curl -s ${url}/v1/custom/event -H 'Content-Type: application/json' \\
  -d '${body}'`;
  const python = `import json
from urllib.request import Request, urlopen

event = ${body}
request = Request("${url}/v1/custom/event", json.dumps(event).encode(), {"Content-Type": "application/json"})
print(json.load(urlopen(request)))`;
  const node = `const event = ${body};
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

function machine(url: string, appUrl: string, id: string, secret: string): Snippet[] {
  const curl = `TOKEN=$(curl -s ${url}/getToken -H 'Content-Type: application/json' \\
  -d '{"clientId": "${id}", "clientSecret": "${secret}"}' | sed 's/.*"accessToken": *"\\([^"]*\\)".*/\\1/')
curl -s ${appUrl}/api/companies -H "Authorization: Bearer $TOKEN"`;
  return [{ name: "curl", text: curl }];
}
