// What is shared: a moment with its selection, as a link or as a file; and what becomes of links that are broken, too new or too long.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { end, expect, now, open, paste, ready, test, time, web } from "./page.mjs";

const field = (page) => page.getByRole("textbox", { name: "Manifest" });
const notices = (page) => page.locator(".notices");
const packed = (scene) => deflateRawSync(JSON.stringify(scene)).toString("base64url");
const files = [["first.yaml", web], ["second.yaml", `${web.replaceAll("web", "other")}${Array.from({ length: 300 }, (_, n) => `# ${(n * 7919) % 1000}\n`).join("")}`]];

test("a link holds the moment and what is selected", async ({ page, browser, baseURL }) => {
  await open(page);
  await page.getByRole("button", { name: "Table" }).click();
  await page.locator(".cluster-table tr.node button").first().click();
  await time(page).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => [0, await end(page)].includes(await now(page))).toBe(false);
  await page.keyboard.press("l");
  await expect(notices(page)).toContainText("Link copied");
  const moment = await now(page);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const fresh = await browser.newContext({ baseURL });
  const other = await fresh.newPage();
  await other.goto(link);
  await ready(other);
  expect(await now(other)).toBe(moment);
  await expect(other.getByRole("group", { name: /^Selected: / })).toBeVisible();
  await fresh.close();
});

test("a link that is long for a chat is copied, and offered as a file that opens", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(notices(page)).toContainText("a file is safer");
  const [download] = await Promise.all([page.waitForEvent("download"), notices(page).getByRole("button", { name: "Save as a file" }).click()]);
  expect(download.suggestedFilename()).toMatch(/\.wavetank\.json$/);
  const path = await download.path();
  const named = `${path}.wavetank.json`;
  writeFileSync(named, readFileSync(path));
  await paste(page, web);
  await ready(page);
  await page.locator("input[type=file]").first().setInputFiles(named);
  await ready(page);
  await expect(page.getByRole("list", { name: "Steps" })).toContainText("zone-b");
});

test("a scene that is too large for an address is not put there", async ({ page }) => {
  await open(page);
  const noise = Array.from({ length: 7_000 }, (_, n) => `# ${(n * 2_654_435_761) % 4_294_967_291}\n`).join("");
  await page.locator("input[type=file]").first().setInputFiles({ name: "noise.yaml", mimeType: "text/yaml", buffer: Buffer.from(noise) });
  await ready(page);
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(notices(page)).toContainText("more than many browsers take");
  expect(await page.evaluate(() => location.hash)).toBe("");
  await expect(notices(page).getByRole("button", { name: "Save as a file" })).toBeVisible();
});

test("of a link that was cut, whole lines are saved", async ({ page }) => {
  const link = packed({ f: files, t: 0 });
  await open(page, `#1.${link.slice(0, Math.floor(link.length * 0.85))}`);
  await expect(notices(page)).toContainText("damaged");
  await expect(notices(page)).toContainText("2 of its files could be saved");
  await expect(field(page)).toHaveValue(web);
});

test("of a newer link the files are saved, and it is named as newer", async ({ page }) => {
  await open(page, `#2.${packed({ f: files, newer: true })}`);
  await expect(notices(page)).toContainText("newer Wavetank");
  await expect(field(page)).toHaveValue(web);
});

test("of a link with a step that this version does not know, the files are saved", async ({ page }) => {
  await open(page, `#1.${packed({ f: files, s: [{ at_ms: 0, verb: "teleport", target: "x" }] })}`);
  await expect(notices(page)).toContainText("could be saved");
  await expect(field(page)).toHaveValue(web);
});

test("the name of a place in the page is no link", async ({ page }) => {
  await open(page);
  await page.evaluate(() => { location.hash = "#answer"; });
  await page.waitForTimeout(300);
  await expect(page.locator(".notice.wrong")).toHaveCount(0);
});

test("what `wavetank share` prints opens here", async ({ page }) => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const program = process.env.WAVETANK_BIN ?? `${root}target/release/wavetank`;
  const args = ["share", `${root}static/examples/rollout-deadlock`, "--at", "2m", "--select", "node/node-1", "--page", "http://x.example/"];
  const link = execFileSync(program, args, { encoding: "utf8" }).trim();
  await open(page, link.slice(link.indexOf("#")));
  expect(await now(page)).toBe(120_000);
  await expect(page.getByRole("group", { name: "Selected: node-1" })).toBeVisible();
  await expect(page.getByRole("button", { name: "gateway.yaml", exact: true })).toBeVisible();
});

test.describe("a first visit", () => {
  test("moves and says what it is, with nothing to click away", async ({ page }) => {
    await page.goto("./");
    await ready(page);
    await expect(notices(page)).toContainText("has lost zone-b");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    const first = await now(page);
    await expect.poll(() => now(page)).toBeGreaterThan(first);
    await time(page).focus();
    await page.keyboard.press("Home");
    await expect.poll(() => now(page)).toBe(0);
    await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  });

  test("does not move for those who want little movement", async ({ page }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.goto("./");
    await ready(page);
    const first = await now(page);
    expect(first).toBeGreaterThan(0);
    await page.waitForTimeout(600);
    expect(await now(page)).toBe(first);
  });
});
