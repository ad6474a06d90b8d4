// The playground within another page, from the same static server: without its surroundings, and spoken to by messages.
import { expect, ready, test, web } from "./page.mjs";

const frame = (page) => page.frameLocator("iframe");
const heard = (page, event) => page.evaluate((event) => window.heard.filter((message) => message.event === event), event);
const say = (page, message) => page.evaluate((message) => document.querySelector("iframe").contentWindow.postMessage({ wavetank: 1, ...message }, location.origin), message);

/** A page of the same server that embeds the playground, and writes down what it says. */
async function host(page, query = "?embed=1", fragment = "") {
  await page.route("**/host.html", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Docs</title><h1>Docs</h1>" }));
  await page.goto("./host.html");
  await page.evaluate((source) => {
    window.heard = [];
    addEventListener("message", ({ data, origin }) => window.heard.push({ ...data, origin }));
    const inner = Object.assign(document.createElement("iframe"), { src: source, width: 900, height: 560, title: "Playground" });
    document.body.append(inner);
  }, `./${query}${fragment}`);
}

const drawn = async (page) => {
  await expect(frame(page).locator(".stage")).toHaveAttribute("aria-busy", "false");
  await expect(frame(page).locator("canvas")).toBeVisible();
};

test("shows the cluster and its timeline, and the way to the whole page", async ({ page }) => {
  await host(page);
  await drawn(page);
  for (const chrome of [".top", ".files", ".answers", ".bottom"]) await expect(frame(page).locator(chrome)).toHaveCount(0);
  const cursor = frame(page).getByRole("slider", { name: "Time" });
  await say(page, { do: "load", files: [{ name: "web.yaml", text: web }], steps: [{ at_ms: 0, verb: "fail-zone", target: "zone-b" }] });
  await expect.poll(async () => (await heard(page, "verdict")).length).toBeGreaterThan(1);
  await say(page, { do: "seek", ms: 20_000 });
  await expect(cursor).toHaveAttribute("aria-valuenow", "20000");
  const [other] = await Promise.all([page.waitForEvent("popup"), frame(page).getByRole("link", { name: "Open in playground" }).click()]);
  await ready(other);
  expect(other.url()).not.toContain("embed");
  await expect(other.getByRole("textbox", { name: "Manifest" })).toHaveValue(web);
  await expect(other.getByRole("list", { name: "Steps" })).toContainText("zone-b");
  await expect(other.getByRole("slider", { name: "Time" })).toHaveAttribute("aria-valuenow", "20000");
});

test("loads, plays, seeks, and says what happens", async ({ page }) => {
  await host(page);
  await expect.poll(async () => (await heard(page, "ready")).length).toBe(1);
  await drawn(page);
  const before = (await heard(page, "verdict")).length;
  await say(page, { do: "load", files: [{ name: "web.yaml", text: web }], steps: [{ at_ms: 0, verb: "fail-zone", target: "zone-b" }], ms: 1000 });
  await expect.poll(async () => (await heard(page, "verdict")).length).toBeGreaterThan(before);
  const verdict = (await heard(page, "verdict")).at(-1);
  expect(verdict).toMatchObject({ wavetank: 1, errors: 0, harmed: false, origin: new URL(page.url()).origin });
  expect(verdict.duration_ms).toBeGreaterThan(300_000);
  await say(page, { do: "seek", ms: 20_000 });
  await expect.poll(async () => (await heard(page, "time")).at(-1)).toMatchObject({ ms: 20_000, playing: false });
  await expect(frame(page).locator("canvas")).toHaveAttribute("aria-label", /lost/);
  await say(page, { do: "speed", speed: 300 });
  await say(page, { do: "play" });
  await expect.poll(async () => (await heard(page, "time")).at(-1).ms).toBe(verdict.duration_ms);
  await say(page, { do: "dance" });
  await expect.poll(async () => (await heard(page, "refused")).length).toBe(1);
});

test("expectations of a scenario among the files are told", async ({ page }) => {
  await host(page);
  await drawn(page);
  const scenario = `${web}---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: x}\nspec:\n  steps: [{at: 0s, failZone: zone-a}]\n  expect: [{always: 'workload("deployment/web").serving == 6', name: nobody notices}]\n`;
  await say(page, { do: "load", files: [{ name: "web.yaml", text: scenario }] });
  await expect.poll(async () => (await heard(page, "verdict")).at(-1)?.expected).toEqual([["nobody notices", false]]);
});

test("hears nobody but the page that embeds it, from its own origin", async ({ page }) => {
  await host(page, "?embed=1&origin=https%3A%2F%2Fdocs.example");
  await drawn(page);
  const before = await frame(page).getByRole("slider", { name: "Time" }).getAttribute("aria-valuemax");
  await say(page, { do: "load", files: [{ name: "web.yaml", text: web }] });
  // What it says goes to the named origin alone, which is not this one.
  await page.waitForTimeout(500);
  expect(await page.evaluate(() => window.heard)).toEqual([]);
  expect(await frame(page).getByRole("slider", { name: "Time" }).getAttribute("aria-valuemax")).toBe(before);
});

test("a page that is not embedded hears no messages", async ({ page }) => {
  await page.goto("./?embed=1");
  await ready(page);
  const before = await page.getByRole("slider", { name: "Time" }).getAttribute("aria-valuemax");
  await page.evaluate((text) => postMessage({ wavetank: 1, do: "load", files: [{ name: "web.yaml", text }] }, "*"), web);
  await page.waitForTimeout(500);
  expect(await page.getByRole("slider", { name: "Time" }).getAttribute("aria-valuemax")).toBe(before);
});

test("keeps nothing, and opens nothing that was kept", async ({ page }) => {
  await host(page);
  await drawn(page);
  await say(page, { do: "load", files: [{ name: "web.yaml", text: web }] });
  await expect.poll(async () => (await heard(page, "verdict")).length).toBeGreaterThan(1);
  await page.waitForTimeout(1_000);
  expect(await page.evaluate(() => localStorage.getItem("wavetank-scene"))).toBe(null);
});

test("the policy holds, and says who may frame the page", async ({ page }) => {
  const answer = await page.goto("./?embed=1");
  const policy = answer.headers()["content-security-policy"];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/frame-ancestors 'self'$/);
  await ready(page);
});
