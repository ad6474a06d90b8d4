// Why: of pods, of events, of workloads; and what differs between two sets.
import AxeBuilder from "@axe-core/playwright";
import { act, expect, open, paste, ready, show, test, web } from "./page.mjs";

const tab = (page, name) => page.getByRole("tab", { name });
const section = (page, name) => page.getByRole("region", { name, exact: true });

async function lost(page) {
  await open(page);
  await paste(page, web.replace("replicas: 6", "replicas: 1"));
  await ready(page);
  for (const zone of ["zone-a", "zone-b", "zone-c"]) await act(page, "Fail zone", zone);
  await ready(page);
}

test("an event has causes above it and effects below", async ({ page }) => {
  await lost(page);
  await page.getByRole("list", { name: "Steps" }).getByRole("button", { name: /Fail zone/ }).first().click();
  await expect(page.locator("#answer h2")).toContainText("zone-a");
  const effects = section(page, "What it set off");
  await expect(effects.getByRole("button").first()).toBeVisible();
  const last = effects.getByRole("button").last();
  const at = await last.locator("time").textContent();
  await last.click();
  await expect(page.locator("#answer h2")).toContainText(at);
  await expect(section(page, "Because")).toContainText("zone-a");
  await page.keyboard.press("1");
  await page.getByRole("list").filter({ has: page.locator("[aria-current=step]") }).getByRole("button", { name: "Causes and effects" }).click();
  await expect(tab(page, "Why")).toHaveAttribute("aria-selected", "true");
  await expect(page.locator("#answer .summary")).toContainText(/followed/);
});

test("a workload tells where its availability went, to the cause", async ({ page }) => {
  await lost(page);
  await tab(page, "Report").click();
  await page.locator(".workloads").getByRole("button", { name: "deployment/web" }).click();
  await expect(page.locator("#answer .summary")).toContainText("of its pod time served");
  const went = section(page, "Where its availability went");
  await expect(went).toContainText("zone-");
  await expect(went.locator(".share").first()).toBeVisible();
  const when = section(page, "When").getByRole("button").last();
  await when.click();
  await expect(page.locator(".time b")).toHaveText(await when.locator("time").textContent());
  await went.getByRole("button").first().click();
  await expect(section(page, "What it set off")).toBeVisible();
});

test("a pod that found no node: plugin by plugin, and what would let it in", async ({ page }) => {
  await open(page);
  // Nodes that are made up would be made large enough.
  const small = `---\napiVersion: wavetank.dev/v1alpha1\nkind: Cluster\nmetadata: {name: small}\nspec: {nodePools: [{name: node, count: 3, capacity: {cpu: "2", memory: 8Gi, pods: "110"}}]}\n`;
  await paste(page, web.replace("cpu: 250m", "cpu: 900").replace("replicas: 6", "replicas: 1") + small);
  await ready(page);
  await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Table" }).click();
  await page.locator(".cluster-table tr.pod button").first().click();
  await expect(page.locator("#answer .matrix")).toBeVisible();
  await expect(page.locator("#answer .summary")).toContainText("nodes are available");
  await expect(page.locator("#answer")).toContainText("What would let it in");
  await expect(page.locator("#answer .advice").first()).toContainText(/cpu/);
});

test("two sets of manifests are compared by consequence", async ({ page }) => {
  await lost(page);
  await tab(page, "Report").click();
  const chooser = page.waitForEvent("filechooser");
  await page.getByText("Compare with files").click();
  await (await chooser).setFiles([{ name: "after.yaml", mimeType: "application/yaml", buffer: Buffer.from(web) }]);
  await ready(page);
  const compared = page.getByRole("region", { name: "Compared with the kept run" });
  await expect(compared.locator("li")).toHaveCount(1);
  await expect(compared).toContainText("deployment/web");
  await expect(page.getByRole("list", { name: "Steps" })).toContainText("Fail zone zone-a");
  await expect(page.locator(".file")).toHaveCount(1);
  await page.getByRole("button", { name: "Undo opening another set" }).click();
  await ready(page);
  await show(page);
  await expect(page.getByRole("textbox", { name: "Manifest" })).toHaveValue(/replicas: 1/);
});

test("an event and a workload survive in a link", async ({ page, context }) => {
  await lost(page);
  await tab(page, "Report").click();
  await page.locator(".workloads").getByRole("button", { name: "deployment/web" }).click();
  await expect(page.locator("#answer .summary")).toContainText("served");
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.locator(".notices")).toContainText("Link copied");
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.locator("#answer .summary")).toContainText("of its pod time served");
});

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test("nothing serious for axe", async ({ page }) => {
      await lost(page);
      const serious = async () => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const found = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        expect(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
      };
      await page.getByRole("list", { name: "Steps" }).getByRole("button", { name: /Fail zone/ }).first().click();
      await expect(section(page, "What it set off")).toBeVisible();
      await serious();
      await tab(page, "Report").click();
      await page.locator(".workloads").getByRole("button", { name: "deployment/web" }).click();
      await expect(section(page, "When")).toBeVisible();
      await serious();
    });
  });
}
