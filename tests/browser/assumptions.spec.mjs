// What the manifests do not say: each value, what hangs on it, said otherwise in a document, taken back.
import AxeBuilder from "@axe-core/playwright";
import { act, expect, map, open, paste, ready, show, test, web } from "./page.mjs";

const field = (page) => page.getByRole("textbox", { name: "Manifest" });
const value = (page, name) => page.getByRole("textbox", { name, exact: true });

async function shown(page) {
  await open(page);
  await paste(page, web);
  await ready(page);
  await act(page, "Fail zone", "zone-b");
  await ready(page);
  await show(page);
  await page.getByRole("tab", { name: "Assumed" }).click();
  await expect(value(page, "start of all pods")).toHaveValue("5");
}

test("a value is written into a document, counts in the next run, and is undone", async ({ page }) => {
  await shown(page);
  await expect(page.locator(".assumed")).toContainText("every gap in a curve is at least this wide");
  await value(page, "start of all pods").fill("90");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "assumptions.yaml", exact: true })).toBeVisible();
  await expect(field(page)).toHaveValue(/kind: Behavior[\s\S]*startSeconds: 90/);
  await ready(page);
  await expect(page.getByRole("button", { name: "Back to 5" })).toBeVisible();
  await page.getByRole("tab", { name: "Report" }).click();
  await expect(page.getByRole("region", { name: "Compared with the kept run" })).toContainText("deployment/web");
  await page.getByRole("button", { name: "Undo a change of what is assumed" }).click();
  await ready(page);
  await expect(page.getByRole("button", { name: "assumptions.yaml", exact: true })).toHaveCount(0);
  await page.getByRole("tab", { name: "Assumed" }).click();
  await expect(value(page, "start of all pods")).toHaveValue("5");
});

test("a document that is there keeps its form", async ({ page }) => {
  await shown(page);
  const own = "# ours\napiVersion: wavetank.dev/v1alpha1\nkind: Behavior\nspec:\n  defaults:\n    startSeconds: 9  # measured\n";
  await field(page).fill(`${web}---\n${own}`);
  await ready(page);
  await expect(value(page, "start of all pods")).toHaveValue("9");
  await value(page, "start of all pods").fill("12");
  await value(page, "start of all pods").blur();
  await expect(field(page)).toHaveValue(`${web}---\n${own.replace("9  #", "12  #")}`);
});

test("the cluster is said too", async ({ page }) => {
  await shown(page);
  await value(page, "nodes of cluster").fill("9");
  await page.keyboard.press("Enter");
  await expect(field(page)).toHaveValue(/kind: Cluster[\s\S]*count: 9/);
  await ready(page);
  await expect(map(page)).toHaveAttribute("aria-label", /9 nodes/);
});

test("what is no value is refused, and nothing changes", async ({ page }) => {
  await shown(page);
  await value(page, "start of all pods").fill("soon");
  await page.keyboard.press("Enter");
  await expect(page.locator(".notice.wrong")).toContainText("Not written");
  await expect(field(page)).toHaveValue(web);
});

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test("nothing serious for axe", async ({ page }) => {
      await shown(page);
      await value(page, "stop of all pods").fill("7");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("button", { name: "Back to 2" })).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      expect(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
    });
  });
}
