// What the page costs, as JSON on standard output: bytes by asset, time until it can be used, keystroke to verdict, scrubbing and a lost zone with
// 5,000 nodes and 150,000 pods, memory, the length of each example's link. Asserts nothing. Usage: node measure.mjs WAVETANK DIST [NODES PODS]
import { chromium } from "@playwright/test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { manifest, round, summary } from "./measured.mjs";

const [wavetank, dist, nodes = "5000", pods = "150000"] = process.argv.slice(2);
const port = 8941;
const server = spawn(wavetank, ["serve", "--dir", dist, "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
await new Promise((ready) => server.stdout.once("data", ready));
const browser = await chromium.launch({ executablePath: process.env.WAVETANK_CHROMIUM ?? "chromium", args: ["--no-sandbox", "--disable-gpu"] });

// What the page's main thread does between two animation frames, from Chromium's own trace: the marks say where frames begin.
// On a machine that does other work besides, the processor's time of these tasks says more than the clock's; none where the trace has none.
function busy(trace, clock = "dur") {
  const { traceEvents } = JSON.parse(trace);
  const marks = traceEvents.filter(({ name }) => name === "measured-frame").sort((one, other) => one.ts - other.ts);
  if (marks.length < 2) return [];
  const { pid, tid } = marks[0];
  const named = (name) => traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.name === name && event.dur > 0);
  // Which of them there is depends on Chromium's version.
  const tasks = [named("RunTask"), named("ThreadControllerImpl::RunTask")].find((found) => found.length > 0) ?? [];
  return marks.slice(1).map(({ ts }, nth) => {
    const from = marks[nth].ts;
    const within = tasks.filter((task) => task.ts < ts && task.ts + task.dur > from && task[clock] !== undefined);
    return within.reduce((sum, task) => sum + ((Math.min(task.ts + task.dur, ts) - Math.max(task.ts, from)) * task[clock]) / task.dur, 0) / 1000;
  });
}

// The memory of the page's process, its worker included: what the system keeps in memory for it alone and its part of what is shared.
async function memory() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const kept = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  });
  await session.detach();
  return Math.round(Math.max(...kept));
}

async function opened(wait = 120_000) {
  const permissions = ["clipboard-read", "clipboard-write"];
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: "block", permissions })).newPage();
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

  // Keystroke to verdict: 100 nodes, 1,000 pods. Fifty right after the page has loaded, while the browser still compiles what they need, and fifty more.
  const small = manifest(100, 1000);
  await write(first.page, small);
  await settled(first.page, 60_000);
  const typed = async () => summary(await first.page.evaluate(async (text) => {
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
  told.keystroke_to_verdict = await typed();
  told.keystroke_to_verdict_later = await typed();
  await first.page.context().close();

  // The link of each example.
  const links = await opened();
  told.link_characters = {};
  const menu = links.page.getByRole("button", { name: "Examples" });
  await menu.click();
  const names = await links.page.getByRole("menuitem").allInnerTexts();
  await links.page.keyboard.press("Escape");
  for (const name of names.filter((name) => !name.startsWith("Empty"))) {
    await menu.click();
    await links.page.getByRole("menuitem").nth(names.indexOf(name)).click();
    await links.page.waitForTimeout(100);
    await settled(links.page, 60_000);
    await links.page.getByRole("button", { name: "Copy link" }).click();
    await links.page.waitForTimeout(100);
    told.link_characters[name.split("\n")[0].trim()] = (await links.page.evaluate(() => navigator.clipboard.readText())).length;
  }
  told.example_memory_mib = await memory();
  await links.page.context().close();

  // The large cluster.
  const { page } = await opened();
  let began = performance.now();
  await write(page, manifest(Number(nodes), Number(pods)));
  await settled(page, 600_000);
  told.large = { nodes: Number(nodes), pods: Number(pods), settle_ms: Math.round(performance.now() - began) };
  const restless = () => page.evaluate(() => {
    window.long.length = 0;
    window.gaps = [];
    let before = performance.now();
    const look = (now) => {
      window.gaps.push(now - before);
      before = now;
      window.looking = requestAnimationFrame(look);
    };
    window.looking = requestAnimationFrame(look);
  });
  await restless();
  began = performance.now();
  await page.getByRole("button", { name: "Fail zone", exact: true }).click();
  await page.getByRole("menuitem", { name: "zone-b" }).click();
  await page.waitForTimeout(20);
  await settled(page, 600_000);
  told.large.zone_loss_ms = Math.round(performance.now() - began);
  told.large.long_tasks_ms = (await page.evaluate(() => window.long)).map(Math.round);
  told.large.longest_frame_gap_ms = await page.evaluate(() => { cancelAnimationFrame(window.looking); return Math.round(Math.max(...window.gaps)); });
  told.large.memory_mib = await memory();
  if (await page.getByRole("button", { name: "Pause" }).count()) await page.keyboard.press("Space");
  await page.waitForTimeout(500);
  const scrub = async (name) => {
    await page.evaluate(() => { window.long.length = 0; });
    await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "blink.user_timing"] });
    const frames = await page.evaluate(async () => {
      const track = document.querySelector(".track");
      const box = track.getBoundingClientRect();
      const at = (share) => ({ pointerId: 1, button: 0, bubbles: true, clientX: box.left + 140 + (box.width - 160) * share, clientY: box.top + 20 });
      const times = [];
      track.dispatchEvent(new PointerEvent("pointerdown", at(0)));
      let before;
      for (let nth = 0; nth < 240; nth += 1) {
        const now = await new Promise(requestAnimationFrame);
        performance.mark("measured-frame");
        track.dispatchEvent(new PointerEvent("pointermove", at(nth / 240)));
        if (before !== undefined) times.push(now - before);
        before = now;
      }
      track.dispatchEvent(new PointerEvent("pointerup", at(1)));
      return times;
    });
    const trace = await browser.stopTracing();
    told.large[name] = {
      main_thread: summary(busy(trace)),
      main_thread_processor: summary(busy(trace, "tdur")),
      between_frames: summary(frames),
      long_tasks_ms: (await page.evaluate(() => window.long)).map(Math.round),
    };
  };
  await scrub("scrub_whole");
  // And close enough to see pods.
  const map = page.locator(".canvas-holder canvas");
  const box = await map.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  for (let nth = 0; nth < 14; nth += 1) await page.mouse.wheel(0, -240);
  await page.waitForTimeout(500);
  await scrub("scrub_pods");
  told.large.memory_after_mib = await memory();
} finally {
  console.log(JSON.stringify(told, null, 1));
  await browser.close();
  server.kill();
}
