// What the tests know of the page: how to open it, and to watch that it behaves.
import { expect, test as base } from "@playwright/test";

/** A test whose page must log no error, break no policy, and ask no other origin for anything. */
export const test = base.extend({
  page: async ({ page, baseURL }, use) => {
    const wrong = [];
    page.on("console", (message) => {
      // Tests that replace the worker keep the page's own service worker out, and Playwright says so.
      if (message.text() === "Service Worker registration blocked by Playwright") return;
      // What an embedded page says goes to the origin that was named for it; that the embedding page is another is what a test wants.
      if (message.text().includes("The target origin provided ('https://docs.example')")) return;
      if (["error", "warning"].includes(message.type())) wrong.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => wrong.push(`uncaught: ${error}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(baseURL) && !/^(data|blob):/.test(request.url())) wrong.push(`request: ${request.url()}`);
    });
    await page.addInitScript(() => {
      window.brokenPolicies = [];
      addEventListener("securitypolicyviolation", (event) => window.brokenPolicies.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await use(page);
    expect(await page.evaluate(() => window.brokenPolicies)).toEqual([]);
    expect(wrong).toEqual([]);
  },
});

export { expect };

export const time = (page) => page.getByRole("slider", { name: "Time" });
export const now = async (page) => Number(await time(page).getAttribute("aria-valuenow"));
export const end = async (page) => Number(await time(page).getAttribute("aria-valuemax"));

/** Opens the page and waits until its first run is told and drawn. A first visit plays by itself, unless one wants little movement. */
export async function open(page, fragment = "") {
  const calm = await page.evaluate(() => matchMedia("(prefers-reduced-motion: reduce)").matches);
  if (!calm) await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(`./${fragment}`);
  await ready(page);
  if (!calm) await page.emulateMedia({ reducedMotion: "no-preference" });
}

/** The map of the present run; that of a run it is compared with stands before it. */
export const map = (page) => page.locator(".map:not(.before) canvas");

export async function ready(page) {
  await expect(page.locator(".stage")).toHaveAttribute("aria-busy", "false");
  await expect(map(page).or(page.locator(".cluster-table table"))).toBeVisible();
  await expect(page.locator(".stage.stale")).toHaveCount(0);
}

/** Puts a long text into the editor as a paste does: Chromium takes minutes to type so much into a field. */
export const put = (page, text) => page.getByRole("textbox", { name: "Manifest" }).evaluate((field, text) => {
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}, text);

/** Replaces all manifests by one, as somebody would who has something on the clipboard. */
export async function paste(page, text) {
  await page.getByRole("button", { name: "Examples" }).click();
  await page.getByRole("menuitem", { name: "Empty page" }).click();
  const field = page.getByRole("textbox", { name: "Manifest" });
  await expect(field).toHaveValue("");
  await field.click();
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await page.keyboard.press("ControlOrMeta+V");
  await expect(field).toHaveValue(text);
}

/** Chooses from one of the menus above the cluster. */
export async function act(page, menu, target) {
  await page.getByRole("button", { name: menu, exact: true }).click();
  await page.getByRole("menuitem", { name: target }).first().click();
}

/** Shows the file whose tab says so; the first of all without a name. */
export const show = (page, name = "") => page.locator(".file", { hasText: name }).first().getByRole("button").first().click();

/** Has the palette do something. */
export async function command(page, words) {
  await page.keyboard.press("Control+K");
  await page.getByRole("combobox", { name: "Command" }).fill(words);
  await page.keyboard.press("Enter");
}

export const web = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 6
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example/web:1.0.0
          resources: {requests: {cpu: 250m, memory: 256Mi}}
`;
