// The playground: what would hurt, what was expected, what would have helped, what differs.
import { act, expect, now, open, paste, ready, test, time, web } from "./page.mjs";

const tab = (page, name) => page.getByRole("tab", { name });

const scenario = `---
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: zone-b-goes}
spec:
  steps:
    - at: 0s
      failZone: zone-b
  expect:
    - finally: workload("deployment/web").ready == 6
      name: web is whole again
    - always: workload("deployment/web").ready == 6
      name: nobody notices
`;

test.describe("what would hurt", () => {
  test("is ranked in the background, and a row opens the run where it is worst", async ({ page }) => {
    await open(page);
    await tab(page, "Risks").click();
    await expect(page.locator(".progress")).toContainText("what-ifs,");
    const rows = page.locator(".risks tbody tr");
    expect(await rows.count()).toBeGreaterThan(8);
    await expect(rows.first()).toHaveClass(/bad/);
    const worst = rows.first().getByRole("button").first();
    await expect(worst).toContainText("zone-");
    const zone = (await worst.textContent()).match(/zone-\w/)[0];
    await worst.click();
    await ready(page);
    await expect(page.getByRole("list", { name: "Steps" })).toContainText(zone);
    expect(await now(page)).toBeGreaterThanOrEqual(0);
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /[1-9] lost/);
    await expect(page.locator(".risks tr.open")).toHaveCount(1);
    const undo = page.getByRole("button", { name: "Undo trying a what-if" });
    await undo.click();
    await expect(undo).toHaveCount(0);
  });

  test("follows the manifests", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ready(page);
    await tab(page, "Risks").click();
    await expect(page.locator(".progress")).toContainText("what-ifs,");
    await expect(page.locator(".risks")).toContainText("deployment/web is restarted");
    await expect(page.locator(".risks")).not.toContainText("payments");
  });
});

test("expectations are judged in the page, and lead to the moment that decided them", async ({ page }) => {
  await open(page);
  await paste(page, `${web}${scenario}`);
  await ready(page);
  await tab(page, "Report").click();
  const all = page.locator(".expected li");
  await expect(all).toHaveCount(2);
  await expect(all.nth(0)).toHaveClass("holds");
  await expect(all.nth(1)).toHaveClass("fails");
  await expect(all.nth(1)).toContainText("nobody notices");
  await all.nth(1).getByRole("button").click();
  await expect(all.nth(1).getByRole("button")).toHaveText(await page.locator(".time b").textContent());
});

test("from the open page to a fix that helps in five interactions", async ({ page }) => {
  await open(page);
  await tab(page, "Risks").click();
  await page.locator(".risks tbody tr").first().getByRole("button").first().click();
  await ready(page);
  await tab(page, "Report").click();
  const fix = page.locator("details.advice[open]").filter({ has: page.locator(".verified.helps") });
  await fix.getByRole("button", { name: "Show the change" }).click();
  await expect(fix.locator(".diff ins").first()).toBeVisible();
  const before = await page.locator(".verdict").textContent();
  await fix.getByRole("button", { name: "Apply and run again" }).click();
  await ready(page);
  await expect(page.getByRole("region", { name: "Compared with the kept run" })).toContainText("▲");
  await expect(page.locator(".verdict")).not.toHaveText(before);
  await expect(page.locator(".findings .sev-error")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo applying a fix" }).click();
  await ready(page);
  await expect(page.locator(".verdict")).toHaveText(before);
});

test("the palette does by keyboard what buttons do", async ({ page }) => {
  await open(page);
  await page.keyboard.press("Control+K");
  const field = page.getByRole("combobox", { name: "Command" });
  await expect(field).toBeFocused();
  await field.fill("fail zone-a");
  await expect(page.getByRole("dialog").getByRole("option").first()).toContainText("Fail zone zone-a");
  await page.keyboard.press("Enter");
  await ready(page);
  await expect(page.getByRole("list", { name: "Steps" })).toContainText("Fail zone zone-a");
  await page.keyboard.press("Control+K");
  await field.fill("no such thing");
  await expect(page.getByText("No command of that name.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Control+K");
  await field.fill("show the risks");
  await page.getByRole("dialog").getByRole("option").first().click();
  await expect(tab(page, "Risks")).toHaveAttribute("aria-selected", "true");
});

test("the keys are told, and lead everywhere", async ({ page }) => {
  await open(page);
  await time(page).focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys and help" })).toContainText("All commands");
  await page.keyboard.press("Escape");
  await expect(time(page)).toBeFocused();
  await page.keyboard.press("3");
  await expect(tab(page, "Report")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Home");
  await page.keyboard.press("w");
  expect(await now(page)).toBeGreaterThanOrEqual(0);
  await page.keyboard.press("t");
  await expect(page.locator(".cluster-table")).toBeVisible();
  for (let press = 0; press < 6; press += 1) {
    await page.keyboard.press("F6");
    await expect(page.locator(":focus")).toHaveCount(1);
  }
});

test("playing stops where a workload has no pod left", async ({ page }) => {
  await open(page);
  const lost = ["zone-a", "zone-b", "zone-c"].map((zone) => `    - {at: 10s, failZone: ${zone}}\n`).join("");
  await paste(page, `${web}---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: all}\nspec:\n  steps:\n${lost}`);
  await ready(page);
  await page.getByRole("button", { name: "Stop at outages" }).click();
  await page.getByLabel("Speed").selectOption("5");
  await time(page).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  expect(await now(page)).toBe(10_000);
});

test("lanes are workloads or zones", async ({ page }) => {
  await open(page);
  await expect(page.locator(".timeline .name").first()).toContainText("payments");
  await page.getByRole("button", { name: "By zone" }).click();
  await expect(page.locator(".timeline .name")).toHaveText([/zone-a/, /zone-b/, /zone-c/]);
  await expect(page.locator(".timeline .believed").first()).toBeVisible();
});

test("two runs are compared on one timeline", async ({ page }) => {
  await open(page);
  await paste(page, web.replace("replicas: 6", "replicas: 1"));
  await ready(page);
  await act(page, "Fail zone", "zone-a");
  await act(page, "Fail zone", "zone-b");
  await ready(page);
  await tab(page, "Report").click();
  await page.getByRole("button", { name: "Keep to compare" }).click();
  const compared = page.getByRole("region", { name: "Compared with the kept run" });
  await expect(compared).toContainText("No workload fares differently.");
  await page.getByRole("textbox", { name: "Manifest" }).fill(web);
  await ready(page);
  await expect(compared).toContainText("deployment/web");
  await expect(page.locator(".timeline .kept").first()).toBeVisible();
  await compared.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator(".timeline .kept")).toHaveCount(0);
});
