// Keeping a run: every form by menu and by palette, the JSON with the command line's own bytes, the report on paper.
import AxeBuilder from "@axe-core/playwright";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { act, command, expect, open, paste, ready, show, test, web } from "./page.mjs";

const program = resolve(process.env.WAVETANK_BIN ?? "../../target/release/wavetank");

async function keep(page, form) {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: form }).click();
  const file = await download;
  return [file.suggestedFilename(), readFileSync(await file.path())];
}

async function lost(page) {
  await open(page);
  await paste(page, web);
  await ready(page);
  await act(page, "Fail zone", "zone-b");
  await ready(page);
}

test("JSON is what the command line writes, byte for byte", async ({ page }) => {
  await lost(page);
  const [name, json] = await keep(page, "Report as JSON");
  expect(name).toBe("wavetank.json");
  expect(JSON.parse(json).steps).toHaveLength(1);
  // What was clicked is in the files: they are all that the command line needs.
  const folder = mkdtempSync(join(tmpdir(), "wavetank-"));
  const files = await page.locator(".file").evaluateAll((all) => all.map(({ title }) => title));
  expect(files).toHaveLength(2);
  for (const file of files) {
    await show(page, file);
    await expect(page.locator(".file.active")).toHaveAttribute("title", file);
    writeFileSync(join(folder, file), await page.getByRole("textbox", { name: "Manifest" }).inputValue());
  }
  const own = execFileSync(program, ["run", ...files, "--seed", "0", "-o", "json"], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  expect(json.toString()).toBe(own);
});

test("every form is kept, and is what it says", async ({ page }) => {
  await lost(page);
  const [, html] = await keep(page, "Report as one HTML file");
  expect(html.toString()).toMatch(/^<!doctype html>/i);
  expect(html.toString()).not.toMatch(/(src|href)="https?:/);
  const [, markdown] = await keep(page, "Report as Markdown");
  expect(markdown.toString()).toContain("deployment/web");
  const [scenarioName, scenario] = await keep(page, "Scenario as YAML");
  expect(scenarioName).toBe("scenario.yaml");
  expect(scenario.toString()).toContain("failZone");
  const [, timeline] = await keep(page, "Timeline as SVG");
  expect(timeline.toString()).toMatch(/^<svg /);
  const [, relations] = await keep(page, "Relations as SVG");
  expect(relations.toString()).toContain("deployment");
  const [svgName, svg] = await keep(page, "Map as SVG");
  expect(svgName).toBe("wavetank-map.svg");
  expect(await page.evaluate((text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelectorAll("parsererror").length, svg.toString())).toBe(0);
  expect(svg.toString()).toContain("✕ lost");
  const [, map] = await keep(page, "View as PNG");
  expect([...map.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Graph" }).click();
  await expect(page.locator(".relations .node").first()).toBeVisible();
  const [name, graph] = await keep(page, "View as PNG");
  expect(name).toBe("wavetank-relations.png");
  expect([...graph.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  expect(graph.length).toBeGreaterThan(2_000);
});

test("a table is no picture, which is said", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Table" }).click();
  for (const form of ["View as PNG", "Map as SVG"]) {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: form }).click();
    await expect(page.locator(".notice.wrong")).toContainText(/show the map/i);
    await page.getByRole("button", { name: "Dismiss" }).click();
  }
});

test("what was kept of the graph is what is drawn", async ({ page }) => {
  await open(page);
  await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Graph" }).click();
  await expect(page.locator(".relations .node").first()).toBeVisible();
  await page.getByRole("button", { name: "Places" }).click();
  await expect(page.locator('.relations .node[aria-label^="zone/"]').first()).toBeVisible();
  const [, svg] = await keep(page, "Relations as SVG");
  expect(svg.toString().match(/<rect /g)).toHaveLength(await page.locator(".relations .node").count());
});

test("by palette and by keyboard", async ({ page }) => {
  await lost(page);
  const download = page.waitForEvent("download");
  await command(page, "export markdown");
  expect((await download).suggestedFilename()).toBe("wavetank.md");
  await expect(page.locator(".notices")).toContainText("wavetank.md is made");
  await page.getByRole("button", { name: "Export" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Export" })).toBeFocused();
});

test("the report is printed, whatever was shown", async ({ page }) => {
  await lost(page);
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".verdict")).toBeVisible();
  await expect(page.locator(".workloads")).toBeVisible();
  for (const gone of [".pane.files", ".acts", ".stage", ".tabs.sides"]) await expect(page.locator(gone).first()).toBeHidden();
  const pdf = await page.pdf({ format: "A4" });
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
});

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test("the open menu has nothing serious for axe", async ({ page }) => {
      await open(page);
      await page.getByRole("button", { name: "Export" }).click();
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      expect(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
    });
  });
}
