// What the page costs, as JSON on standard output: bytes by asset, time until it can be used, keystroke to verdict, scrubbing and a lost zone with
// 5,000 nodes and 150,000 pods. Asserts nothing. Usage: node measure.mjs WAVETANK DIST [NODES PODS]
import { chromium } from "@playwright/test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [wavetank, dist, nodes = "5000", pods = "150000"] = process.argv.slice(2);
const port = 8941;
const server = spawn(wavetank, ["serve", "--dir", dist, "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
await new Promise((ready) => server.stdout.once("data", ready));
const browser = await chromium.launch({ executablePath: process.env.WAVETANK_CHROMIUM ?? "chromium", args: ["--no-sandbox", "--disable-gpu"] });

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
const manifest = (nodes, pods) => cluster(nodes) + Array.from({ length: Math.ceil(pods / 100) }, (_, nth) => deployment(nth, Math.min(100, pods))).join("");
const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
const summary = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return { median_ms: Math.round(share(sorted, 0.5)), p95_ms: Math.round(share(sorted, 0.95)), worst_ms: Math.round(sorted.at(-1)), count: sorted.length };
};

async function opened(wait = 120_000) {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: "block" })).newPage();
  page.setDefaultTimeout(wait);
  await page.addInitScript(() => {
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask", buffered: true });
  });
  const began = performance.now();
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForSelector('.stage[aria-busy="false"] canvas', { state: "attached" });
  return { page, ms: performance.now() - began };
}

const settled = (page, timeout) => page.waitForFunction(() => document.querySelector('.stage[aria-busy="false"] canvas') && !document.querySelector(".stage.stale"), undefined, { timeout });
const write = (page, text) => page.evaluate((text) => {
  const field = document.querySelector("textarea");
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}, text);

const told = { sizes: JSON.parse(readFileSync(join(dist, "sizes.json"), "utf8")).budgets.map(({ name, bytes }) => ({ name, bytes })) };
try {
  const first = await opened();
  told.interactive_ms = Math.round(first.ms);

  // Keystroke to verdict: 100 nodes, 1,000 pods.
  const small = manifest(100, 1000);
  await write(first.page, small);
  await settled(first.page, 60_000);
  told.keystroke_to_verdict = summary(await first.page.evaluate(async (text) => {
    const field = document.querySelector("textarea");
    const stage = document.querySelector(".stage");
    const times = [];
    for (let nth = 0; nth < 50; nth += 1) {
      const began = performance.now();
      field.value = text.replace("replicas: 100", `replicas: ${60 + (nth % 40)}`);
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await new Promise((done) => {
        const look = () => (stage.getAttribute("aria-busy") === "false" && !stage.classList.contains("stale") ? done() : setTimeout(look, 1));
        setTimeout(look, 1);
      });
      times.push(performance.now() - began);
    }
    return times;
  }, small));
  told.keystroke_to_verdict.of_it_rest_ms = 200;
  await first.page.context().close();

  // The large cluster.
  const { page } = await opened();
  let began = performance.now();
  await write(page, manifest(Number(nodes), Number(pods)));
  await settled(page, 600_000);
  told.large = { nodes: Number(nodes), pods: Number(pods), settle_ms: Math.round(performance.now() - began) };
  await page.evaluate(() => { window.long.length = 0; });
  began = performance.now();
  await page.getByRole("button", { name: "Fail zone", exact: true }).click();
  await page.getByRole("menuitem", { name: "zone-b" }).click();
  await page.waitForTimeout(50);
  await settled(page, 600_000);
  told.large.zone_loss_ms = Math.round(performance.now() - began);
  told.large.long_tasks_ms = (await page.evaluate(() => window.long)).map(Math.round);
  await page.evaluate(() => { window.long.length = 0; });
  if (await page.getByRole("button", { name: "Pause" }).count()) await page.keyboard.press("Space");
  const frames = await page.evaluate(async () => {
    const track = document.querySelector(".track");
    const box = track.getBoundingClientRect();
    const at = (share) => ({ pointerId: 1, button: 0, bubbles: true, clientX: box.left + 140 + (box.width - 160) * share, clientY: box.top + 20 });
    const times = [];
    track.dispatchEvent(new PointerEvent("pointerdown", at(0)));
    let before;
    for (let nth = 0; nth < 120; nth += 1) {
      track.dispatchEvent(new PointerEvent("pointermove", at(nth / 120)));
      const now = await new Promise(requestAnimationFrame);
      if (before !== undefined) times.push(now - before);
      before = now;
    }
    track.dispatchEvent(new PointerEvent("pointerup", at(1)));
    return times;
  });
  told.large.scrub_frame = summary(frames);
  told.large.scrub_long_tasks_ms = (await page.evaluate(() => window.long)).map(Math.round);
  told.large.page_memory_mib = Math.round((await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0)) / 2 ** 20);
} finally {
  console.log(JSON.stringify(told, null, 1));
  await browser.close();
  server.kill();
}
