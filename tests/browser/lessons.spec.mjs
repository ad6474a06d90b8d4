// Lessons as a learner takes them: predict, watch, repair. By mouse, by keyboard, on a phone, with and without storage and movement.
import AxeBuilder from "@axe-core/playwright";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { expect, now, open, ready, test } from "./page.mjs";

const root = fileURLToPath(new URL("../../static/lessons/", import.meta.url));
const panel = (page) => page.getByRole("region", { name: /^Lesson: / });
const told = (page) => panel(page).locator(".told");
const onward = (page) => panel(page).locator(".moves > .primary");
const link = (scene) => `#1.${deflateRawSync(JSON.stringify({ f: [], ...scene })).toString("base64url")}`;

async function begin(page, title) {
  await page.getByRole("button", { name: "Lessons", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: title }).click();
  await expect(panel(page)).toContainText("Step 1 of");
  await ready(page);
}

/** Answers with the first choice and goes on until the repair. */
async function play(page) {
  for (let steps = 0; steps < 12; steps += 1) {
    if (await panel(page).getByRole("list", { name: "Goal" }).count()) return;
    const open = panel(page).locator(".ask .button[aria-pressed=false]:not([disabled])");
    if (await open.count()) await open.first().click();
    const before = await panel(page).locator("header .muted").textContent();
    await onward(page).click();
    await expect(panel(page).locator("header .muted")).not.toHaveText(before);
  }
}

/** Writes the lesson's known repair into the editor. */
async function repair(page, directory) {
  for (const name of readdirSync(`${root}${directory}/repair`)) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("textbox", { name: "Manifest" }).fill(readFileSync(`${root}${directory}/repair/${name}`, "utf8"));
  }
  await ready(page);
}

test.describe("with little movement", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" } });

  test("a lesson is predicted, watched, repaired, and kept as done", async ({ page }) => {
    await open(page);
    await begin(page, /The release that never arrives/);
    await expect(told(page)).toContainText("Three gateways");
    await onward(page).click();
    await expect(told(page)).toContainText("rolled out");
    await expect.poll(() => now(page)).toBe(10_000);
    await expect(onward(page)).toBeDisabled();
    await panel(page).getByRole("button", { name: "Three: the rollout is done" }).click();
    await onward(page).click();
    await expect(told(page)).toContainText("You predicted: Three");
    await expect(told(page)).toContainText("It came out otherwise: None");
    await onward(page).click();
    await expect(told(page)).toContainText("ProgressDeadlineExceeded");
    await onward(page).click();
    const goals = panel(page).getByRole("list", { name: "Goal" }).getByRole("listitem");
    await expect(goals.first()).toContainText("does not hold yet");
    await repair(page, "04-rollouts");
    await expect(told(page)).toContainText("✓");
    await expect(goals.first()).not.toContainText("not hold");
    await expect(onward(page)).toContainText("Next lesson");
    await page.reload();
    await page.getByRole("button", { name: "Lessons", exact: true }).click();
    await expect(page.getByRole("dialog")).toContainText("1 of 12 done");
    await expect(page.getByRole("dialog").getByRole("button", { name: /The release that never arrives/ })).toContainText("done");
  });

  test("every lesson comes to its repair in the page, and its repair holds", async ({ page }) => {
    test.setTimeout(240_000);
    await open(page);
    for (const directory of readdirSync(root).sort()) {
      const title = /title: (.*)/.exec(readFileSync(`${root}${directory}/lesson.yaml`, "utf8"))[1];
      await begin(page, new RegExp(title));
      await play(page);
      const goals = panel(page).getByRole("list", { name: "Goal" });
      await expect(goals, directory).toBeVisible();
      await expect(panel(page).locator(".told .right").filter({ hasText: "As you" }).or(panel(page))).not.toHaveCount(0);
      await expect(goals.locator(".wrong-bet"), directory).not.toHaveCount(0);
      await repair(page, directory);
      await expect(goals.locator(".wrong-bet"), directory).toHaveCount(0);
    }
    await page.getByRole("button", { name: "Lessons", exact: true }).click();
    await expect(page.getByRole("dialog")).toContainText("12 of 12 done");
  });

  test("taking the lesson's own steps away is no repair", async ({ page }) => {
    await open(page);
    await begin(page, /Five minutes of nothing/);
    await play(page);
    await page.getByRole("button", { name: "Remove Fail zone zone-b" }).click();
    await expect(panel(page)).toContainText("proves nothing");
    await expect(onward(page)).toHaveCount(0);
  });

  test("a repair is shown to whoever asks, and can be taken back", async ({ page }) => {
    await open(page);
    await begin(page, /The release that never arrives/);
    await play(page);
    const before = await page.getByRole("textbox", { name: "Manifest" }).inputValue();
    await panel(page).getByRole("button", { name: "Show me a repair" }).click();
    await ready(page);
    await expect(told(page)).toContainText("✓");
    await expect(onward(page)).toContainText("Next lesson");
    await expect(page.getByRole("textbox", { name: "Manifest" })).not.toHaveValue(before);
    const done = async (words) => {
      await page.getByRole("button", { name: "Lessons", exact: true }).click();
      await expect(page.getByRole("dialog")).toContainText(words);
      await page.keyboard.press("Escape");
      await expect(page.locator("dialog")).toHaveCount(0);
    };
    // Who was shown a repair has not made one.
    await done("0 of 12 done");
    await page.getByRole("button", { name: "Undo showing a repair" }).click();
    await expect(page.getByRole("textbox", { name: "Manifest" })).toHaveValue(before);
    await ready(page);
    await repair(page, "04-rollouts");
    await expect(onward(page)).toContainText("Next lesson");
    await done("1 of 12 done");
  });

  test("storage that is forbidden costs no more than the progress", async ({ page }) => {
    await page.addInitScript(() => Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } }));
    await open(page);
    await begin(page, /An idle node can be full/);
    await play(page);
    await repair(page, "02-requests");
    await expect(onward(page)).toContainText("Next lesson");
    await page.getByRole("button", { name: "Lessons", exact: true }).click();
    await expect(page.getByRole("dialog")).toContainText("1 of 12 done");
  });

  test("a lesson is taken by keyboard, and told to those who listen", async ({ page }) => {
    await open(page);
    await page.locator("body").press("g");
    await page.getByRole("dialog").getByRole("button", { name: /Two terms are an either-or/ }).focus();
    await page.keyboard.press("Enter");
    await ready(page);
    await expect(panel(page).getByRole("status")).toContainText("four nodes");
    await page.locator("body").press("n");
    await expect(panel(page).getByRole("group", { name: /On how many/ })).toBeVisible();
    await panel(page).getByRole("button", { name: /^Three/ }).focus();
    await page.keyboard.press("Space");
    await expect(panel(page).getByRole("button", { name: /^Three/ })).toHaveAttribute("aria-pressed", "true");
    await page.keyboard.press("n");
    await expect(panel(page).getByRole("status")).toContainText("As you predicted: Three");
  });

  test("a teacher's link begins the lesson with the seed", async ({ page, browser, baseURL }) => {
    await open(page, link({ l: "zone-loss", r: 7 }));
    await expect(panel(page)).toContainText("Five minutes of nothing");
    await panel(page).getByRole("button", { name: "Link" }).click();
    await expect(page.locator(".notices")).toContainText("Link copied");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.length).toBeLessThan(120);
    expect(JSON.parse(inflateRawSync(Buffer.from(copied.split("#1.")[1], "base64url")))).toMatchObject({ l: "zone-loss", r: 7 });
    const fresh = await browser.newContext({ baseURL, reducedMotion: "reduce" });
    const other = await fresh.newPage();
    await other.goto(copied);
    await ready(other);
    await expect(panel(other)).toContainText("Step 1 of");
    await fresh.close();
  });

  test("a link to a lesson of another version says so", async ({ page }) => {
    await page.goto(`./${link({ l: "quantum" })}`);
    await expect(page.locator(".notices")).toContainText("nothing called quantum");
  });

  for (const scheme of ["light", "dark"]) {
    test(`nothing serious for axe in lesson and gallery, ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      const serious = async () =>
        (await new AxeBuilder({ page }).analyze()).violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id} ${nodes.map(({ target }) => target)}`);
      await open(page);
      await begin(page, /The lost zone still counts/);
      await onward(page).click();
      expect(await serious()).toEqual([]);
      await play(page);
      expect(await serious()).toEqual([]);
      await page.getByRole("button", { name: "Lessons", exact: true }).click();
      expect(await serious()).toEqual([]);
    });
  }
});

test("time passes to the next step by itself, and stops there", async ({ page }) => {
  await open(page);
  await begin(page, /The drain that never ends/);
  await onward(page).click();
  await expect.poll(() => now(page)).toBe(10_000);
  await expect(told(page)).toContainText("Node-1 is drained");
  await panel(page).getByRole("button", { name: /It stays/ }).click();
  await onward(page).click();
  await expect(onward(page)).toHaveText("Time passes …");
  await expect(told(page)).toContainText("As you predicted");
  await expect.poll(() => now(page)).toBe(300_000);
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
});

test("a lesson fits a phone, whichever pane is in sight", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await begin(page, /Killed before it was ready/);
  for (const pane of ["Manifests", "Cluster", "Answers"]) {
    await page.getByRole("navigation", { name: "Panes" }).getByRole("button", { name: pane }).click();
    await expect(onward(page)).toBeInViewport();
  }
  await onward(page).click();
  await expect(panel(page).getByRole("button", { name: /^None/ })).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect((await onward(page).boundingBox()).height).toBeGreaterThanOrEqual(30);
});
