import { act, command, end, expect, now, open, paste, ready, test, time, web } from "./page.mjs";

test.describe("the page", () => {
  test("opens on an example in the middle of its story", async ({ page }) => {
    await open(page);
    expect(await now(page)).toBeGreaterThan(0);
    expect(await now(page)).toBeLessThan(await end(page));
    await expect(page.getByRole("list", { name: "Steps" })).toContainText("zone-b");
    await expect(page.locator(".story .now")).toBeVisible();
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /lost/);
  });

  test("answers to pasted manifests, and loses a zone", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ready(page);
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /6 ready/);
    await expect(page.getByText("No step yet")).toBeVisible();
    await act(page, "Fail zone", "zone-b");
    await ready(page);
    await expect(page.getByRole("list", { name: "Steps" })).toContainText("Fail zone zone-b");
    await time(page).focus();
    await page.keyboard.press("End");
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /[1-9] lost; pods: 6 ready/);
    await page.getByRole("tab", { name: "Report" }).click();
    await expect(page.getByRole("region", { name: "Workloads" })).toContainText("deployment/web");
    await page.getByRole("button", { name: "Undo", exact: false }).first().click();
    await expect(page.getByText("No step yet")).toBeVisible();
  });

  test("is scrubbed by keyboard", async ({ page }) => {
    await open(page);
    await time(page).focus();
    await page.keyboard.press("Home");
    await expect.poll(() => now(page)).toBe(0);
    const seen = [0];
    for (let press = 0; press < 6; press += 1) {
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => now(page), "each press goes on").toBeGreaterThan(seen.at(-1));
      seen.push(await now(page));
    }
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => now(page)).toBe(seen.at(-2));
    await page.keyboard.press("Home");
    await expect.poll(() => now(page)).toBe(0);
    // However fast they follow each other, no press is lost.
    await page.evaluate(() => {
      for (let press = 0; press < 6; press += 1) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    });
    await expect.poll(() => now(page)).toBe(seen.at(-1));
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+ArrowRight");
    await expect.poll(() => now(page)).toBeGreaterThan(0);
    await page.keyboard.press("End");
    await expect.poll(async () => (await now(page)) === (await end(page))).toBe(true);
    await page.keyboard.press("Space");
    await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
    await page.keyboard.press("Space");
    await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
    expect(await now(page)).toBeLessThan(await end(page));
  });

  test("plays to its end by itself", async ({ page }) => {
    await open(page);
    await page.getByLabel("Speed").selectOption("300");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await expect.poll(() => now(page)).toBe(await end(page));
  });

  test("tells why a pod is where it is", async ({ page }) => {
    await open(page);
    await page.getByRole("button", { name: "Table" }).click();
    const pod = page.locator(".cluster-table tr.pod").filter({ has: page.getByRole("cell", { name: "ready", exact: true }) }).getByRole("button").first();
    const name = await pod.textContent();
    await pod.click();
    await expect(page.getByRole("heading", { name })).toBeVisible();
    const matrix = page.getByRole("region", { name: "Nodes and plugins" });
    await expect(matrix.locator("tr.chosen")).toHaveCount(1);
    await expect(matrix.getByRole("columnheader", { name: "NodeResourcesFit" })).toBeVisible();
    await expect(page.locator(".chain li").first()).toBeVisible();
  });

  test("finds pods under the pointer", async ({ page }) => {
    await open(page);
    const canvas = page.locator("canvas");
    const box = await canvas.boundingBox();
    await page.mouse.move(box.x + 40, box.y + 14);
    await expect(page.getByRole("tooltip").filter({ hasText: "zone-" })).toBeVisible();
    await page.mouse.click(box.x + 40, box.y + 14);
    await expect(page.getByRole("group", { name: /Selected: zone-/ })).toBeVisible();
  });

  test("goes into a link and comes out of it in another browser", async ({ page, browser, baseURL }) => {
    await open(page);
    await paste(page, `${web}# 漢字 🌊 <b>&amp;\n`);
    await ready(page);
    await act(page, "Fail node", /node-/);
    await ready(page);
    await page.keyboard.press("Escape");
    await time(page).focus();
    await page.keyboard.press("End");
    await expect.poll(async () => (await now(page)) === (await end(page))).toBe(true);
    await page.keyboard.press("ArrowLeft");
    await expect.poll(async () => (await now(page)) < (await end(page))).toBe(true);
    const moment = await now(page);
    await page.getByRole("button", { name: "Copy link" }).click();
    await expect(page.locator(".notices")).toContainText("Link copied");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toMatch(/#1\.[A-Za-z0-9_-]+$/);
    const fresh = await browser.newContext({ baseURL });
    const other = await fresh.newPage();
    await other.goto(link);
    await ready(other);
    await expect(other.getByRole("textbox", { name: "Manifest" })).toHaveValue(`${web}# 漢字 🌊 <b>&amp;\n`);
    expect(await now(other)).toBe(moment);
    await expect(other.locator("canvas")).toHaveAttribute("aria-label", await page.locator("canvas").getAttribute("aria-label"));
    await fresh.close();
  });

  test("says so when a link is broken, and shows an example", async ({ page }) => {
    await open(page, "#1.AAAA");
    await expect(page.locator(".notices")).toContainText("damaged");
    await expect(page.locator("canvas")).toBeVisible();
  });

  test("keeps the last good result while the text is broken", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ready(page);
    const field = page.getByRole("textbox", { name: "Manifest" });
    await field.fill("kind: [\n");
    await expect(page.locator(".findings .sev-error").first()).toBeVisible();
    await expect(page.locator(".squiggle.sev-error").first()).toBeVisible();
    await expect(page.locator(".stage.stale")).toBeVisible();
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /6 ready/);
    await field.fill(web);
    await ready(page);
  });

  test("tells a finding where it is, under the pointer and below, and leads to it", async ({ page }) => {
    await open(page);
    await paste(page, web.replace("replicas: 6", "replicas: six"));
    const row = page.locator(".findings li").first();
    await expect(row).toContainText(":6");
    const id = await row.locator("code").textContent();
    await page.locator(".squiggle.sev-error").first().hover({ force: true });
    const tip = page.locator(".code").getByRole("tooltip");
    await expect(tip).toContainText(id);
    await expect(tip).toContainText("wants an integer");
    await row.getByRole("button").click();
    expect(await page.getByRole("textbox", { name: "Manifest" }).evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd))).toContain("six");
    await page.getByRole("textbox", { name: "Manifest" }).fill(web);
    await expect(page.locator(".squiggle.sev-error")).toHaveCount(0);
  });

  test("the tab of the open file is in sight, whatever opened it", async ({ page }) => {
    await open(page);
    const tab = page.locator(".file.active");
    for (const name of ["scenario.yaml", "cart.yaml"]) {
      await command(page, `show file ${name}`);
      await expect(tab).toHaveAttribute("title", name);
      await expect(tab).toBeInViewport({ ratio: 0.9 });
    }
  });

  test("takes names as text, never as markup", async ({ page }) => {
    await open(page);
    const hostile = web.replaceAll("name: web", 'name: "<img src=x onerror=alert(1)>"');
    await paste(page, hostile);
    await expect(page.locator(".stage")).toHaveAttribute("aria-busy", "false");
    await page.getByRole("tab", { name: "Report" }).click();
    await expect(page.locator("img")).toHaveCount(0);
  });

  test("asks for nothing after it has loaded", async ({ page }) => {
    await open(page);
    const late = [];
    page.on("request", (request) => late.push(request.url()));
    await paste(page, web);
    await ready(page);
    await act(page, "Fail zone", "zone-a");
    await ready(page);
    await page.getByRole("tab", { name: "Report" }).click();
    expect(late).toEqual([]);
  });

  test("is served with the policy that it keeps", async ({ page }) => {
    const answer = await page.goto("./");
    const policy = answer.headers()["content-security-policy"];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe-inline");
    expect(policy).not.toContain("'unsafe-eval'");
    await expect(page.locator("script:not([src]), [style]:not(.moved):not(.tip)")).toHaveCount(0);
    await ready(page);
  });

  test("opens every example", async ({ page }) => {
    await open(page);
    await page.getByRole("button", { name: "Examples" }).click();
    const names = await page.getByRole("menuitem").locator("span").allTextContents();
    await page.keyboard.press("Escape");
    expect(names.length).toBeGreaterThan(8);
    for (const name of names.filter((name) => name !== "Empty page")) {
      await page.getByRole("button", { name: "Examples" }).click();
      await page.getByRole("menuitem", { name }).click();
      await ready(page);
      await expect(page.locator(".findings .sev-error"), name).toHaveCount(0);
    }
  });
});
