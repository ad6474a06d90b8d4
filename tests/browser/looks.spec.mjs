// Accessibility in both schemes, and pictures for the README and for those who look after the design.
import AxeBuilder from "@axe-core/playwright";
import { fileURLToPath } from "node:url";
import { act, expect, open, paste, ready, test, web } from "./page.mjs";

const screens = fileURLToPath(new URL("../../static/screens/", import.meta.url));
const widths = { phone: [390, 844], tablet: [820, 1180], desk: [1440, 900] };

const tab = async (page, name) => {
  const answers = page.getByRole("navigation", { name: "Panes" }).getByRole("button", { name: "Answers" });
  if (await answers.isVisible()) await answers.click();
  await page.getByRole("tab", { name }).click();
};
const tried = (page) => expect(page.locator(".spinner")).toHaveCount(0, { timeout: 40_000 });

/** Lessons go on until something is asked. */
async function lesson(page, title) {
  await page.getByRole("button", { name: "Lessons", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: title }).click();
  await ready(page);
  const onward = page.locator(".lesson .moves > .primary");
  for (let step = 0; step < 4 && !(await page.locator(".lesson .ask").count()); step += 1) await onward.click();
}

const pool = (name, count) => `{name: ${name}, count: ${count}, zones: [zone-a, zone-b, zone-c], capacity: {cpu: "16", memory: 64Gi, pods: "110"}}`;
const large = `---\napiVersion: wavetank.dev/v1alpha1\nkind: Cluster\nmetadata: {name: large}\nspec:\n  nodePools: [${pool("small", 240)}, ${pool("big", 60)}]\n`
  + Array.from({ length: 30 }, (_, nth) => `---\n${web.replaceAll("web", `web-${nth}`).replace("replicas: 6", "replicas: 100")}`).join("");

/** The shop loses a second zone, beside the run in which it did not. */
async function compare(page) {
  await page.keyboard.press("c");
  await act(page, "Fail zone", "zone-a");
  await ready(page);
  await expect(page.getByRole("figure")).toHaveCount(2);
  await page.keyboard.press("Escape");
  await page.keyboard.press("w");
  expect(await serious(page)).toEqual([]);
}

/** What is worth a picture besides the first sight: where, in which colours, and how one gets there. */
const views = {
  risks: ["desk", "light", async (page) => {
    await tab(page, "Risks");
    await tried(page);
    await page.locator(".risks tbody tr").first().getByRole("button").first().click();
    await ready(page);
  }],
  fix: ["desk", "dark", async (page) => {
    await tab(page, "Report");
    await page.locator("details.advice[open]").getByRole("button", { name: "Show the change" }).click();
    await expect(page.locator(".proposal ins").first()).toBeVisible();
    await page.locator("details.advice[open]").scrollIntoViewIfNeeded();
  }],
  graph: ["desk", "dark", async (page) => {
    await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Graph" }).click();
    await page.getByRole("list", { name: "Steps" }).getByRole("button").first().click();
    await expect(page.locator(".caption.marked")).toBeVisible();
  }],
  compare: ["desk", "dark", async (page) => {
    await compare(page);
    await tab(page, "Report");
  }],
  "compare-phone": ["phone", "light", compare],
  why: ["desk", "light", async (page) => {
    await page.getByRole("button", { name: "Table" }).click();
    await page.locator(".cluster-table tr.pod").filter({ hasText: "no node fits" }).getByRole("button").first().click();
    await page.getByRole("button", { name: "Map" }).click();
    await expect(page.getByRole("region", { name: "Nodes and plugins" })).toBeVisible();
  }],
  large: ["desk", "light", async (page) => {
    await paste(page, large);
    await ready(page);
    await act(page, "Fail zone", "zone-b");
    await ready(page);
    await page.keyboard.press("w");
  }],
  lesson: ["tablet", "light", (page) => lesson(page, /Five minutes of nothing/)],
  "lesson-phone": ["phone", "dark", (page) => lesson(page, /Five minutes of nothing/)],
  "risks-phone": ["phone", "light", async (page) => {
    await tab(page, "Risks");
    await tried(page);
  }],
};

async function serious(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" | ")}`);
}

for (const scheme of ["light", "dark"]) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });

    test(`nothing serious for axe, ${scheme}`, async ({ page }) => {
      await open(page);
      expect(await serious(page)).toEqual([]);
      await page.getByRole("button", { name: "Table" }).click();
      await page.locator(".cluster-table tr.pod button").first().click();
      await expect(page.getByRole("region", { name: "Nodes and plugins" })).toBeVisible();
      expect(await serious(page)).toEqual([]);
      await page.getByRole("tab", { name: "Report" }).click();
      expect(await serious(page)).toEqual([]);
      await page.getByRole("button", { name: "Examples" }).click();
      expect(await serious(page)).toEqual([]);
    });

    for (const [name, [width, height]] of Object.entries(widths)) {
      test(`a picture of ${name}, ${scheme}`, async ({ page }) => {
        await page.setViewportSize({ width, height });
        await open(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, "nothing sticks out sideways").toBeLessThanOrEqual(0);
        if (process.env.WAVETANK_SCREENS) {
          await page.screenshot({ path: `${screens}${name}-${scheme}.png`, animations: "disabled" });
        }
      });
    }
  });
}

for (const [name, [size, scheme, prepare]] of Object.entries(views)) {
  test(`a picture of ${name}`, async ({ page }) => {
    const [width, height] = widths[size];
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await open(page);
    await page.getByRole("button", { name: "Dismiss" }).click();
    await prepare(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), "nothing sticks out sideways").toBeLessThanOrEqual(0);
    if (process.env.WAVETANK_SCREENS) {
      await page.screenshot({ path: `${screens}${name}-${scheme}.png`, animations: "disabled" });
    }
  });
}

test("the bars of a phone show all they have", async ({ page }) => {
  for (const width of [360, 390]) {
    await page.setViewportSize({ width, height: 780 });
    await open(page);
    expect(await page.locator(".top").evaluate((bar) => bar.scrollWidth - bar.clientWidth)).toBeLessThanOrEqual(0);
    expect(await page.locator(".legend").evaluate((bar) => bar.scrollWidth - bar.clientWidth)).toBeLessThanOrEqual(0);
  }
});

test("the first sight leads to what would hurt, and that to what would help", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "What else would hurt?" }).click();
  await tried(page);
  await page.locator(".risks tbody tr").first().getByRole("button").first().click();
  await ready(page);
  await page.getByRole("button", { name: "See what would help" }).click();
  await expect(page.locator(".verdict")).toBeVisible();
  await expect(page.getByRole("button", { name: "Show the change" }).first()).toBeVisible();
});

test("the toggle overrides the system's scheme and is kept", async ({ page }) => {
  await open(page);
  await expect(page.locator("html")).toHaveAttribute("data-scheme", "light");
  await page.getByRole("button", { name: "Dark colours" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-scheme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-scheme", "dark");
});
