// The map from zones to pods, its colours, its keys, the table, and what a long run says of itself.
import { readFileSync } from "node:fs";
import { command, expect, map, now, open, paste, put, ready, test, time, web } from "./page.mjs";

const pool = (name, count) => `{name: ${name}, count: ${count}, zones: [zone-a, zone-b, zone-c], capacity: {cpu: "16", memory: 64Gi, pods: "110"}}`;
const cluster = (...pools) => `---\napiVersion: wavetank.dev/v1alpha1\nkind: Cluster\nmetadata: {name: large}\nspec:\n  nodePools: [${pools.join(", ")}]\n`;
const deployment = (name, replicas, more = "") => `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}${more}}\nspec:\n  replicas: ${replicas}\n  selector: {matchLabels: {app: ${name}}}\n  template:\n    metadata: {labels: {app: ${name}}}\n    spec: {containers: [{name: web, image: "web:1", resources: {requests: {cpu: 100m, memory: 128Mi}}}]}\n`;
const large = cluster(pool("small", 240), pool("big", 60)) + Array.from({ length: 30 }, (_, nth) => deployment(`web-${nth}`, 100)).join("");

const level = (page) => page.locator(".zoom span");
const tip = (page) => page.locator(".canvas-holder .tip");

/** How much of the map has another colour than its ground, in parts of a hundred. */
const covered = (page) => map(page).evaluate((canvas) => {
  // Read from a copy: a canvas that is read often is drawn another way, and Chromium says so.
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height - 40);
  let drawn = 0;
  for (let at = 3; at < data.length; at += 4) drawn += data[at] > 0 ? 1 : 0;
  return Math.round((400 * drawn) / data.length);
});

async function opened(page) {
  await open(page);
  await paste(page, large);
  await ready(page);
  await expect(map(page)).toHaveAttribute("aria-label", /300 nodes.*3000 ready/);
}

test("what is shown follows from its size on the screen", async ({ page }) => {
  await opened(page);
  await expect(level(page)).toHaveText(/nodes|pods/);
  expect(await covered(page)).toBeGreaterThan(85);
  await map(page).hover();
  for (let nth = 0; nth < 12; nth += 1) await page.mouse.wheel(0, -240);
  await expect(level(page)).toHaveText("pods");
  expect(await covered(page)).toBeGreaterThan(60);
  for (let nth = 0; nth < 60; nth += 1) await page.mouse.wheel(0, 240);
  await expect(level(page)).toHaveText(/pools|zones|nodes/);
  await page.getByRole("button", { name: "The whole cluster" }).click();
  await expect(page.getByRole("button", { name: "The whole cluster" })).toBeDisabled();
  for (let nth = 0; nth < 8; nth += 1) await page.getByRole("button", { name: "Zoom in" }).click();
  await expect(level(page)).toHaveText("pods");
});

test("the map goes by keys, from node to node, and selects", async ({ page }) => {
  await opened(page);
  const moment = await now(page);
  await map(page).focus();
  await page.keyboard.press("ArrowRight");
  await expect(tip(page)).toContainText(/(small|big)\S*/);
  const first = await tip(page).innerText();
  await page.keyboard.press("ArrowDown");
  await expect(tip(page)).not.toHaveText(first);
  await page.keyboard.press("Enter");
  await expect(page.locator(".at-hand b, .acts b").first()).toBeVisible();
  await page.keyboard.press("Shift+Enter");
  await expect(level(page)).toHaveText("pods");
  await page.keyboard.press("0");
  await expect(page.getByRole("button", { name: "The whole cluster" })).toBeDisabled();
  await page.keyboard.press("+");
  await page.keyboard.press("-");
  expect(await now(page), "the keys of the map are not those of time").toBe(moment);
});

test("pointing tells, and a drag moves the map without selecting", async ({ page }) => {
  await opened(page);
  const box = await map(page).boundingBox();
  const at = [box.x + box.width / 2, box.y + box.height / 3];
  await page.mouse.move(...at);
  await expect(tip(page)).toBeVisible();
  for (let nth = 0; nth < 12; nth += 1) await page.mouse.wheel(0, -240);
  const before = await map(page).evaluate((canvas) => canvas.toDataURL());
  await page.mouse.down();
  await page.mouse.move(at[0] + 80, at[1] + 40, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => map(page).evaluate((canvas) => canvas.toDataURL())).not.toBe(before);
  await page.mouse.move(...at);
  await page.mouse.click(...at);
  await expect(page.locator("body")).not.toContainText("undefined");
});

test("two fingers zoom", async ({ page }) => {
  await opened(page);
  await map(page).evaluate((canvas) => {
    const box = canvas.getBoundingClientRect();
    const finger = (kind, id, x) => canvas.dispatchEvent(new PointerEvent(kind, { pointerId: id, pointerType: "touch", button: kind === "pointermove" ? -1 : 0, bubbles: true, clientX: box.left + x, clientY: box.top + 200 }));
    canvas.setPointerCapture = () => {};
    finger("pointerdown", 11, 300);
    finger("pointerdown", 12, 340);
    for (let step = 1; step <= 30; step += 1) {
      finger("pointermove", 11, 300 - step * 8);
      finger("pointermove", 12, 340 + step * 8);
    }
    finger("pointerup", 11, 60);
    finger("pointerup", 12, 580);
  });
  await expect(level(page)).toHaveText("pods");
});

test("colours stand for six things, each with a legend", async ({ page }) => {
  await opened(page);
  const choice = page.locator(".tint select");
  const legend = page.locator(".legend");
  const pictures = new Set();
  for (const [name, words] of [["State", "ready"], ["Workload", "web-0"], ["Utilisation", "20–40%"], ["Zone", "zone-b"], ["Age", "older"], ["Priority", "0"]]) {
    await choice.selectOption(name);
    await expect(legend).toContainText(words);
    pictures.add(await map(page).evaluate((canvas) => canvas.toDataURL()));
  }
  expect(pictures.size).toBeGreaterThan(4);
});

test("the table has all rows and draws few", async ({ page }) => {
  await opened(page);
  await page.getByRole("button", { name: "Table" }).click();
  const table = page.locator(".cluster-table table");
  await expect(table).toHaveAttribute("aria-rowcount", "3301");
  expect(await table.locator("tbody tr").count()).toBeLessThan(60);
  await expect.poll(async () => {
    await page.locator(".cluster-table").evaluate((holder) => holder.scrollTo(0, 1e9));
    return table.locator('tr[aria-rowindex="3301"]').count();
  }).toBe(1);
  expect(await table.locator("tbody tr").count()).toBeLessThan(60);
});

test("lanes of many workloads are pages, those that suffered first", async ({ page }) => {
  await opened(page);
  const lanes = page.getByRole("group", { name: "Lanes" });
  await expect(lanes).toContainText("of 30");
  await lanes.getByRole("button", { name: "More lanes" }).click();
  await expect(lanes).toContainText(/^\s*[47]–/);
  await expect(page.locator(".track")).toContainText("100/100");
  for (const time of await page.locator(".track .axis").allTextContents()) expect(time).toMatch(/^\d+:\d\d(:\d\d)?$/);
});

test("a lost zone is followed by lanes with ticks of their own, whole seconds, and movement", async ({ page }) => {
  await open(page);
  await expect(page.locator(".time span")).toHaveText(/ \/ \d+:\d\d$/);
  expect(await page.locator(".lane-tick").count()).toBeGreaterThan(3);
  await page.getByRole("button", { name: "By zone" }).click();
  await expect(page.locator(".track .name").first()).toContainText("zone-a");
  expect(await page.locator(".lane-tick").count()).toBeGreaterThan(2);
});

/** How many pictures the map shows from a key on, until it rests. */
const pictures = (page, key) => map(page).evaluate(async (canvas, key) => {
  const seen = new Set();
  // Small copies: reading takes less time than moving.
  const copy = new OffscreenCanvas(160, 100).getContext("2d", { willReadFrequently: true });
  canvas.ownerDocument.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  for (let last, same = 0; same < 30; same += 1) {
    await new Promise(requestAnimationFrame);
    copy.clearRect(0, 0, 160, 100);
    copy.drawImage(canvas, 0, 0, 160, 100);
    const now = copy.getImageData(0, 0, 160, 100).data.join();
    if (now !== last && last !== undefined) same = 0;
    last = now;
    seen.add(now);
  }
  return seen.size;
}, key);

test("pods that are replaced are seen to move, but not by those who want little movement", async ({ page }) => {
  await open(page);
  await time(page).focus();
  await page.keyboard.press("Home");
  await expect.poll(() => now(page)).toBe(0);
  expect(await pictures(page, "End")).toBeGreaterThan(4);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.keyboard.press("Home");
  await expect.poll(() => now(page)).toBe(0);
  await expect(map(page)).toHaveAttribute("aria-label", /0:00/);
  expect(await pictures(page, "End")).toBeLessThanOrEqual(3);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
    const { animationName, transitionDuration } = getComputedStyle(element);
    return animationName !== "none" || transitionDuration.split(",").some((each) => parseFloat(each) > 0);
  }).map(({ className }) => String(className)));
  expect(moving, "nothing of the page turns or fades").toEqual([]);
});

test("nodes have bars of what is requested and what is used, with the numbers that are read out", async ({ page }) => {
  await open(page);
  const download = page.waitForEvent("download");
  await command(page, "export: map as svg");
  const svg = readFileSync(await (await download).path(), "utf8");
  const drawn = [...svg.matchAll(/>(\d+)%</g)].map(([, share]) => Number(share));
  const rows = await page.locator(".reader tbody td:nth-child(5)").allTextContents();
  const told = rows.flatMap((row) => /cpu (\d+)%, memory (\d+)%/.exec(row).slice(1).map(Number));
  expect(told).toHaveLength(12);
  const inOrder = (shares) => shares.toSorted((one, other) => one - other);
  expect(inOrder(drawn)).toEqual(inOrder(told));
  expect(told.some((share) => share > 0)).toBe(true);
  // What is used is a thin line within the bar.
  expect(svg.match(/<rect [^>]*height="1\.5"/g)?.length ?? 0).toBeGreaterThan(5);
});

test("a thousand namespaces, long names and names from right to left", async ({ page }) => {
  const long = "a".repeat(240);
  const rtl = "\u05e9\u05dc\u05d5\u05dd";
  const many = Array.from({ length: 1000 }, (_, nth) => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team-${nth}, labels: {owner: "${nth === 3 ? rtl : "x"}"}}\n${nth % 25 === 0 ? deployment(`svc-${nth}`, 2, `, namespace: team-${nth}`) : ""}`).join("");
  await open(page);
  await paste(page, many + deployment(long.slice(0, 200), 1));
  await page.locator("input[type=file]").first().setInputFiles({ name: `${rtl}-${long.slice(0, 120)}.yaml`, mimeType: "text/yaml", buffer: Buffer.from(web) });
  await ready(page);
  await expect(map(page)).toHaveAttribute("aria-label", /87 ready/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.getByRole("button", { name: "Table" }).click();
  await expect(page.locator(".cluster-table")).toContainText("team-25");
});

test("a long run says how far it is, and can be stopped; the text stays", async ({ page }) => {
  test.setTimeout(120_000);
  const huge = cluster(pool("node", 5000)) + Array.from({ length: 1500 }, (_, nth) => deployment(`web-${nth}`, 100)).join("");
  await open(page);
  await paste(page, web);
  await ready(page);
  await put(page, huge);
  const underway = page.locator(".underway");
  await expect(underway).toContainText(/Reading|Settling/);
  await underway.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator(".notices")).toContainText("stopped");
  await expect(underway).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Manifest" })).toHaveValue(huge);
  await page.getByRole("textbox", { name: "Manifest" }).fill(web.replace("replicas: 6", "replicas: 5"));
  await ready(page);
  await expect(map(page)).toHaveAttribute("aria-label", /5 ready/);
});
