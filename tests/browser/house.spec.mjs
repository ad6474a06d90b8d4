// The house around the playground: what survives, what is refused, what is never lost.
import AxeBuilder from "@axe-core/playwright";
import { end, expect, now, open, paste, ready, test, time, web } from "./page.mjs";

const field = (page) => page.getByRole("textbox", { name: "Manifest" });

test("the state survives a reload", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  await page.getByRole("button", { name: "Fail zone", exact: true }).click();
  await page.getByRole("menuitem", { name: "zone-c" }).click();
  await ready(page);
  await time(page).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  // It is kept when it has rested.
  await page.waitForTimeout(1_000);
  await expect.poll(() => page.evaluate(() => localStorage.getItem("wavetank-scene"))).toMatch(/^1\./);
  const moment = await now(page);
  expect(moment).toBeLessThan(await end(page));
  await page.reload();
  await ready(page);
  await expect(field(page)).toHaveValue(web);
  await expect(page.getByRole("list", { name: "Steps" })).toContainText("Fail zone zone-c");
  expect(await now(page)).toBe(moment);
});

test("a link in the address goes when it is no longer what is open", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.locator(".notices")).toContainText("Link copied");
  await page.reload();
  await ready(page);
  await field(page).fill(web.replace("replicas: 6", "replicas: 5"));
  await ready(page);
  await expect.poll(() => page.evaluate(() => location.hash)).toBe("");
  await page.reload();
  await ready(page);
  await expect(field(page)).toHaveValue(/replicas: 5/);
});

test("storage that is forbidden costs nothing but the reload", async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } }));
  await open(page);
  await paste(page, web);
  await ready(page);
  await expect(page.locator("canvas")).toHaveAttribute("aria-label", /6 ready/);
});

test("opens without a network after the first visit", async ({ page, context }) => {
  await open(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBe(1);
  await expect.poll(() => page.evaluate(async () => (await (await caches.open((await caches.keys())[0])).keys()).length)).toBeGreaterThan(8);
  await context.setOffline(true);
  await page.reload();
  await ready(page);
  await expect(page.locator("canvas")).toHaveAttribute("aria-label", /lost/);
  await context.setOffline(false);
});

test("can be installed", async ({ page, request }) => {
  await page.goto("./");
  const address = await page.locator("link[rel=manifest]").getAttribute("href");
  const manifest = await (await request.get(new URL(address, page.url()).href)).json();
  expect(manifest).toMatchObject({ name: "Wavetank", display: "standalone" });
  const beside = (path) => new URL(path, new URL(address, page.url())).href;
  // All of it below the page's own path, wherever that is.
  expect(beside(manifest.start_url)).toBe(new URL("./", page.url()).href);
  expect(beside(manifest.scope)).toBe(new URL("./", page.url()).href);
  for (const { src, type } of manifest.icons) expect((await request.get(beside(src))).headers()["content-type"]).toBe(type);
  await ready(page);
});

test.describe("a worker that dies", () => {
  test.use({ serviceWorkers: "block" });

  test("is replaced, and the text stays", async ({ page }) => {
    await page.route("**/engine.mjs*", async (route) => {
      const answer = await route.fetch();
      const body = `${await answer.text()}
        const hear = self.onmessage;
        self.onmessage = (event) => { if (new TextDecoder().decode(event.data).includes("die-here")) throw new Error("died on purpose"); hear(event); };`;
      await route.fulfill({ response: answer, body });
    });
    await open(page);
    await paste(page, web);
    await ready(page);
    await field(page).fill(`${web}# die-here\n`);
    await expect(page.locator(".notices")).toContainText("started anew");
    await expect(field(page)).toHaveValue(`${web}# die-here\n`);
    await expect(page.locator(".stage")).toHaveAttribute("aria-busy", "false");
    await field(page).fill(web.replace("replicas: 6", "replicas: 5"));
    await ready(page);
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /5 ready/);
  });
});

// What comes from outside, at each place where it is shown: as text, never as markup.
const hostile = '<img src=x onerror="document.title=1">';
const bidi = "\u202eevil\u2066";
const scenario = `---
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: '${hostile}'}
spec:
  description: '${hostile}'
  steps: [{at: 0s, failZone: zone-a}, {at: 1s, failNode: '${hostile}'}]
  expect: [{always: 'true', name: '${hostile} ${bidi}'}, {always: '"${hostile.replaceAll('"', "")}" == "x"', name: other}]
`;

test("names are text at every place that shows them", async ({ page }) => {
  await open(page);
  await paste(page, "");
  await page.locator("input[type=file]").first().setInputFiles({ name: `${hostile}.yaml`, mimeType: "text/yaml", buffer: Buffer.from(`${web}${scenario}`) });
  await ready(page);
  const shown = (place) => expect(place).toContainText("<img src=x");
  const places = {
    file: () => shown(page.locator(".file.active")),
    finding: () => shown(page.locator(".findings")),
    steps: () => shown(page.getByRole("list", { name: "Steps" })),
    story: () => page.getByRole("tab", { name: "Story" }).click(),
    report: async () => {
      await page.getByRole("tab", { name: "Report" }).click();
      await shown(page.locator(".expected"));
    },
    risks: () => page.getByRole("tab", { name: "Risks" }).click(),
    palette: async () => {
      await page.keyboard.press("Control+K");
      await page.getByRole("combobox", { name: "Command" }).fill("show file img");
      await shown(page.getByRole("dialog").getByRole("option").first());
      await page.keyboard.press("Escape");
    },
    table: () => page.getByRole("button", { name: "Table" }).click(),
    lanes: () => page.getByRole("button", { name: "By zone" }).click(),
  };
  for (const [name, show] of Object.entries(places)) {
    await show();
    await expect(page.locator("img"), name).toHaveCount(0);
    expect(await page.title(), name).toBe("Wavetank");
  }
});

// What turns the reading order round or is not seen at all is written out, wherever a name is shown: only the editor has it as it was typed.
const turning = "\u202e";

/** Texts and attributes outside of the editor that have such a character. */
const turned = (page) => page.evaluate(() => {
  const found = [];
  const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (turns.test(text.data) && !text.parentElement.closest(".paper, textarea, .diff")) found.push(`${text.parentElement.closest("[class]")?.getAttribute("class")}: ${escape(text.data)}`);
  }
  for (const element of document.querySelectorAll("body *")) {
    for (const { name, value } of element.attributes) if (turns.test(value)) found.push(`@${name}: ${escape(value)}`);
  }
  return [...new Set(found)];
});

test("characters that turn the reading order round are written out at every place that shows them", async ({ page }) => {
  const odd = web.replaceAll("name: web\n", `name: "we${turning}b"\n`).replace("replicas: 6", "replicas: 2");
  const more = `---
apiVersion: wavetank.dev/v1alpha1
kind: Cluster
metadata: {name: odd}
spec: {nodePools: [{name: "po${turning}ol", count: 2, zones: ["zo${turning}ne", b], capacity: {cpu: "4", memory: 8Gi, pods: "110"}}]}
---
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: "sc${turning}ene"}
spec:
  steps: [{at: 0s, failZone: "zo${turning}ne"}, {at: 1s, failNode: "no${turning}ne"}]
  expect: [{always: 'false', name: "ex${turning}pect"}]
`;
  await open(page);
  await paste(page, "");
  await page.locator("input[type=file]").first().setInputFiles({ name: `fi${turning}le.yaml`, mimeType: "text/yaml", buffer: Buffer.from(`${odd}${more}`) });
  await ready(page);
  await expect.soft(page.locator(".file.active")).toContainText("202e");
  for (const side of ["Story", "Why", "Report", "Risks", "Assumed"]) {
    await page.getByRole("tab", { name: side }).click();
    if (side === "Risks") await expect(page.locator(".progress")).toContainText("what-ifs,");
    await expect.soft.poll(() => turned(page), { message: side, timeout: 4_000 }).toEqual([]);
  }
  for (const view of ["Table", "Graph", "Map"]) {
    await page.getByRole("group", { name: "View" }).getByRole("button", { name: view }).click();
    await expect.soft.poll(() => turned(page), { message: view, timeout: 4_000 }).toEqual([]);
  }
  await page.getByRole("button", { name: "By zone" }).click();
  await expect.soft.poll(() => turned(page), { message: "lanes", timeout: 4_000 }).toEqual([]);
  for (const words of ["show file", "fail zone", "why is", "availability"]) {
    await page.keyboard.press("Control+K");
    await page.getByRole("combobox", { name: "Command" }).fill(words);
    await expect.soft.poll(() => turned(page), { message: words, timeout: 4_000 }).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(page.locator("dialog")).toHaveCount(0);
  }
});

test("what is too much says how much", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  await field(page).evaluate((field) => {
    field.value = `# ${"x".repeat(9 << 20)}`;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  await expect(page.locator(".notices")).toContainText("8 MiB");
  await expect(field(page)).toHaveValue(web);
});

test("logs, markup and templates are told about, never run", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  for (const text of ["<!doctype html><script>document.title=1</script>", `${"2026-01-01 INFO started: ok [x] {y\n".repeat(2000)}`, "a: &a [*a, *a]\n", "{{ if .Values.x }}\nkind: Pod\n{{ end }}\n"]) {
    await field(page).fill(text);
    await expect(page.locator(".findings .sev-error").first()).toBeVisible();
    expect(await page.title()).toBe("Wavetank");
  }
  await expect(field(page)).toHaveValue(/Values/);
});

test("the cluster can be read without seeing the map", async ({ page }) => {
  await open(page);
  const table = page.getByRole("table", { name: /Nodes and their pods at/ });
  await expect(table).toContainText("zone-b");
  await expect(table).toContainText("lost");
  await time(page).focus();
  await page.keyboard.press("Home");
  await expect(page.getByRole("table", { name: /at 0:00/ })).toBeAttached();
  await expect(time(page)).toHaveAttribute("aria-valuetext", /^0:00 of \d+:\d\d$/);
  // What happens is said where a screen reader listens.
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Link copied" })).toBeAttached();
  await page.getByRole("tab", { name: "Risks" }).click();
  await expect(page.getByRole("status").filter({ hasText: "what-ifs," })).toBeAttached();
});

for (const scheme of ["light", "dark"]) {
  test.describe(`every view, ${scheme}`, () => {
    test.use({ colorScheme: scheme, contextOptions: { reducedMotion: "reduce" } });

    const serious = async (page, view) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      expect(found.map(({ id, nodes }) => `${view} ${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
    };
    const turn = (page, name) => page.getByRole("tab", { name }).click();

    test("has nothing serious for axe", async ({ page }) => {
      await open(page);
      await turn(page, "Risks");
      await expect(page.locator(".progress")).toContainText("what-ifs,");
      await serious(page, "risks");
      await turn(page, "Report");
      await page.getByRole("button", { name: "Keep to compare" }).click();
      await serious(page, "report");
      await page.keyboard.press("Control+K");
      await serious(page, "palette");
      await page.keyboard.press("Escape");
      await expect(page.locator("dialog")).toHaveCount(0);
      await page.keyboard.press("?");
      await serious(page, "help");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "By zone" }).click();
      await serious(page, "lanes");
    });

    test("neither has a fix as a diff, nor what it changed", async ({ page }) => {
      await open(page);
      await turn(page, "Report");
      const fix = page.locator("details.advice[open]").filter({ has: page.locator(".verified.helps") });
      await fix.getByRole("button", { name: "Show the change" }).click();
      await expect(page.locator(".proposal ins").first()).toBeVisible();
      await serious(page, "diff");
      await fix.getByRole("button", { name: "Apply and run again" }).click();
      await ready(page);
      await expect(page.locator(".compared li.better")).toBeVisible();
      await serious(page, "compared");
    });

    test("neither has what is wrong: findings, a stale view, an empty page, a link that is broken or long", async ({ page }) => {
      await open(page, "#1.AAAA");
      await expect(page.locator(".notice.wrong")).toBeVisible();
      await serious(page, "broken link");
      await page.getByRole("button", { name: "Copy link" }).click();
      await expect(page.locator(".notices").getByRole("button", { name: "Save as a file" })).toBeVisible();
      await serious(page, "shared");
      await field(page).fill(`${await field(page).inputValue()}\nkind: [\n`);
      await expect(page.locator(".findings .sev-error").first()).toBeVisible();
      await expect(page.locator(".stale-note")).toBeVisible();
      for (const view of ["Map", "Table", "Graph"]) {
        await page.getByRole("group", { name: "View" }).getByRole("button", { name: view }).click();
        await serious(page, `stale ${view}`);
      }
      await paste(page, "");
      await expect(page.locator(".waiting")).toBeVisible();
      await serious(page, "empty");
    });

    test("neither has it within another page, on a phone, or on paper", async ({ page }) => {
      await page.goto("./?embed=1");
      await ready(page);
      await serious(page, "embedded");
      await open(page);
      await page.setViewportSize({ width: 390, height: 844 });
      for (const pane of ["Manifests", "Cluster", "Answers"]) {
        await page.getByRole("navigation", { name: "Panes" }).getByRole("button", { name: pane }).click();
        await serious(page, pane);
      }
      await page.emulateMedia({ media: "print", colorScheme: scheme });
      await serious(page, "paper");
    });

    test("neither has the page that cannot start", async ({ browser, baseURL }) => {
      const context = await browser.newContext({ baseURL, colorScheme: scheme, serviceWorkers: "block" });
      const page = await context.newPage();
      await page.addInitScript(() => delete globalThis.WebAssembly);
      await page.goto("./");
      await expect(page.locator(".refused")).toBeVisible();
      await serious(page, "refused");
      await context.close();
    });
  });
}
