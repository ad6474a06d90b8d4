// What is measured: clusters of any size, and how times are told.

const cluster = (count, cpu = 16) => `apiVersion: wavetank.dev/v1alpha1
kind: Cluster
metadata: {name: measured}
spec:
  nodePools: [{name: node, count: ${count}, zones: [zone-a, zone-b, zone-c], capacity: {cpu: "${cpu}", memory: 64Gi, pods: "110"}}]
`;

const deployment = (nth, replicas) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-${nth}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web-${nth}}}
  template:
    metadata: {labels: {app: web-${nth}}}
    spec: {containers: [{name: web, image: "web:1", resources: {requests: {cpu: 100m, memory: 128Mi}}}]}
`;

// Deployments of a hundred pods on nodes in three zones.
export const manifest = (nodes, pods) => cluster(nodes) + Array.from({ length: Math.ceil(pods / 100) }, (_, nth) => deployment(nth, Math.min(100, pods))).join("");

export const round = (ms) => Math.round(ms * 10) / 10;

const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

// Of many times the middle one, one that few exceed, and the worst.
export const summary = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return { median_ms: round(share(sorted, 0.5)), p95_ms: round(share(sorted, 0.95)), worst_ms: round(sorted.at(-1) ?? 0), count: sorted.length };
};
