// Sends with @segment/analytics-node as its README shows, and prints what it sent: node segment-node.mjs URL WRITE_KEY
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host });
const at = (seconds) => new Date(Date.UTC(2024, 4, 6, 7, 8, seconds));
const sent = [];
const keep = (error, context) => {
  if (error) throw error;
  const { type, event, messageId, timestamp } = context.event;
  sent.push({ type, event, messageId, timestamp });
};

const user = { userId: "node-user" };
analytics.identify({ ...user, traits: { plan: "team" }, timestamp: at(1) }, keep);
analytics.track({ ...user, event: "Order Completed", properties: { total: 5.5 }, timestamp: at(2) }, keep);
analytics.page({ ...user, name: "Home", timestamp: at(3) }, keep);
analytics.group({ ...user, groupId: "node-group", traits: { seats: 7 }, timestamp: at(4) }, keep);
await analytics.closeAndFlush();
console.log(JSON.stringify(sent));
