// A phone and a tablet: everything in reach of a thumb, the space used, nothing sideways.
import { end, expect, map, now, open, test } from "./page.mjs";

/** How much of the map's height has something on it, in parts of a hundred: by rows of pixels. */
const used = (page) => map(page).evaluate((canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let rows = 0;
  for (let row = 0; row < height; row += 1) {
    for (let at = row * width; at < (row + 1) * width; at += 5) {
      if (data[at * 4 + 3] > 0) { rows += 1; break; }
    }
  }
  return Math.round((100 * rows) / height);
});

for (const [name, width, height] of [["phone", 390, 844], ["small phone", 360, 640], ["tablet", 820, 1180], ["desk", 1440, 900]]) {
  test(`the map uses its space, ${name}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page);
    expect(await used(page)).toBeGreaterThan(85);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    const box = await map(page).boundingBox();
    expect(box.height, "a good part of the screen is the map").toBeGreaterThan(height * 0.25);
  });
}

test.describe("by touch", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("a finger scrubs, taps a node, and turns the pages", async ({ page }) => {
    await open(page);
    const track = await page.locator(".track").boundingBox();
    await page.touchscreen.tap(track.x + track.width * 0.8, track.y + 30);
    const whole = await end(page);
    await expect.poll(() => now(page)).toBeGreaterThan(0.6 * whole);
    await page.touchscreen.tap(track.x + track.width * 0.4, track.y + 30);
    await expect.poll(() => now(page)).toBeLessThan(0.4 * whole);
    const box = await map(page).boundingBox();
    await page.touchscreen.tap(box.x + box.width / 4, box.y + 48);
    await page.getByRole("navigation", { name: "Panes" }).getByRole("button", { name: "Answers" }).tap();
    await expect(page.locator("#answer")).toBeVisible();
    await page.getByRole("navigation", { name: "Panes" }).getByRole("button", { name: "Manifests" }).tap();
    await expect(page.getByRole("textbox", { name: "Manifest" })).toBeVisible();
  });

  test("a finger that stays down scrubs", async ({ page, context }) => {
    await open(page);
    const track = await page.locator(".track").boundingBox();
    const fingers = await context.newCDPSession(page);
    const touch = (type, part) => fingers.send("Input.dispatchTouchEvent", { type, touchPoints: part === undefined ? [] : [{ x: track.x + part * track.width, y: track.y + 30 }] });
    const whole = await end(page);
    await touch("touchStart", 0.4);
    await expect.poll(() => now(page)).toBeLessThan(0.35 * whole);
    for (let part = 0.45; part < 0.9; part += 0.05) await touch("touchMove", part);
    await expect.poll(() => now(page)).toBeGreaterThan(0.7 * whole);
    await touch("touchEnd");
    await expect(map(page)).toHaveAttribute("aria-label", /lost/);
  });

  test("a menu's list is seen whole, whatever its button stands in", async ({ page }) => {
    await open(page);
    await page.getByRole("button", { name: "Fail zone", exact: true }).tap();
    const item = page.getByRole("menuitem", { name: "zone-a" });
    await expect(item).toBeVisible();
    // Hidden by a mask or clipped it would still count as visible.
    const cutBy = await item.evaluate((element) => {
      const cuts = [];
      for (let at = element.parentElement.parentElement; at; at = at.parentElement) {
        const { maskImage, clipPath, opacity } = getComputedStyle(at);
        if ((maskImage || "none") !== "none" || clipPath !== "none" || opacity !== "1") cuts.push(at.className);
      }
      return cuts;
    });
    expect(cutBy).toEqual([]);
    const box = await item.boundingBox();
    const top = await page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.closest("[role=menuitem]")?.textContent, [box.x + 20, box.y + box.height / 2]);
    expect(top).toContain("zone-a");
  });

  test("what is tapped is large enough", async ({ page }) => {
    await open(page);
    const small = await page.evaluate(() => [...document.querySelectorAll("button, select, a.button, label.as-button")]
      .filter((element) => element.checkVisibility())
      .map((element) => ({ box: element.getBoundingClientRect(), name: element.getAttribute("aria-label") ?? element.textContent }))
      .filter(({ box }) => box.width > 1 && box.height > 1 && (box.width < 22 || box.height < 22))
      .map(({ name, box }) => `${name} ${box.width}x${box.height}`));
    expect(small).toEqual([]);
  });
});
