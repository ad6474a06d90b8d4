// Accessibility in both schemes, and pictures for the README and for those who look after the design.
import AxeBuilder from "@axe-core/playwright";
import { fileURLToPath } from "node:url";
import { expect, open, test } from "./page.mjs";

const screens = fileURLToPath(new URL("../../static/screens/", import.meta.url));
const widths = { phone: [390, 844], tablet: [1024, 768], desk: [1440, 900] };

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

test("the toggle overrides the system's scheme and is kept", async ({ page }) => {
  await open(page);
  await expect(page.locator("html")).toHaveAttribute("data-scheme", "light");
  await page.getByRole("button", { name: "Dark colours" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-scheme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-scheme", "dark");
});
