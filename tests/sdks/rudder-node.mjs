// Sends with @rudderstack/rudder-sdk-node as its README shows, and prints what it sent: node rudder-node.mjs URL WRITE_KEY
import { createRequire } from "node:module";

const RudderAnalytics = createRequire(import.meta.url)("@rudderstack/rudder-sdk-node");

const [dataPlaneUrl, writeKey] = process.argv.slice(2);
const client = new RudderAnalytics(writeKey, { dataPlaneUrl, logLevel: "error" });
const at = (seconds) => new Date(Date.UTC(2024, 4, 6, 7, 8, seconds));
const sent = [];
const keep = (type, message) => {
  const messageId = `rudder-${type}`;
  sent.push({ type, event: message.event, messageId, timestamp: message.timestamp });
  client[type]({ userId: "rudder-node-user", messageId, ...message });
};

keep("identify", { traits: { plan: "team" }, timestamp: at(1) });
keep("track", { event: "Order Completed", properties: { total: 5.5 }, timestamp: at(2) });
keep("page", { name: "Home", timestamp: at(3) });
keep("group", { groupId: "rudder-node-group", traits: { seats: 7 }, timestamp: at(4) });
await new Promise((resolve, reject) => client.flush((error) => (error ? reject(error) : resolve())));
console.log(JSON.stringify(sent));
process.exit(0); // its flush timer would keep the process alive
