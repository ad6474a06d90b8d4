// The relation graph: drawn, moved, marked by what followed from an event, the same as a list; names as text; a thousand objects.
import AxeBuilder from "@axe-core/playwright";
import { act, command, expect, map, open, paste, put, ready, test, web } from "./page.mjs";

const view = (page, name) => page.getByRole("group", { name: "View" }).getByRole("button", { name });
const box = (page, label) => page.locator(`.graph .node[aria-label^="${label}"]`).first();
const ground = (page) => page.locator("svg.graph[role=listbox] > g");
const drawn = async (page) => {
  await view(page, "Graph").click();
  await expect(page.locator(".relations .node").first()).toBeVisible();
};
const places = (page) =>
  page.locator(".relations .node").evaluateAll((nodes) =>
    Object.fromEntries(nodes.map((node) => [node.getAttribute("aria-label").split(/[ :;]/)[0], ["x", "y"].map((key) => node.querySelector("rect").getAttribute(key)).join()])));

const rest = `---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
`;

test("says what is tied to what, and leads to the line and to the workload", async ({ page }) => {
  await open(page);
  await paste(page, web + rest);
  await ready(page);
  await drawn(page);
  await expect(box(page, "deployment/web")).toBeVisible();
  const texts = await page.locator(".relations .tie title").allTextContents();
  expect(texts.sort()).toEqual(["allows", "restricts", "selects"]);
  await box(page, "deployment/web").click();
  await expect(page.getByRole("tab", { name: "Why" })).toHaveAttribute("aria-selected", "true");
  await expect(page.locator("#answer h2")).toHaveText("deployment/web");
  await expect(page.locator(".paper .revealed")).toContainText("name: web");
  await expect(box(page, "deployment/web")).toHaveAttribute("aria-selected", "true");
  await expect(page.locator(".caption")).toContainText("the loss of deployment/web would take with it");
});

test("what a fault set off is marked, object by object", async ({ page }) => {
  await open(page);
  await paste(page, web.replace("replicas: 6", "replicas: 1") + rest);
  await ready(page);
  for (const zone of ["zone-a", "zone-b", "zone-c"]) await act(page, "Fail zone", zone);
  await ready(page);
  await drawn(page);
  await expect(page.locator(".relations .node.stops")).toHaveCount(0);
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("button", { name: /^\d.*Fail zone/ });
  let marked = 0;
  for (let nth = 0; nth < (await steps.count()); nth += 1) {
    await steps.nth(nth).click();
    await expect(page.locator("#answer .summary")).toContainText("followed from it");
    await expect(page.locator(".caption")).toContainText("What followed from: ");
    await expect(page.locator(".caption")).toContainText(["zone-a", "zone-b", "zone-c"][nth]);
    marked += await page.locator(".relations .node.stops").count();
  }
  expect(marked).toBeGreaterThan(1);
  await page.getByRole("button", { name: "Places" }).click();
  await expect(box(page, "zone/zone-c")).toHaveClass(/stops/);
});

test("everything keeps its place while something else is edited", async ({ page }) => {
  await open(page);
  await drawn(page);
  const before = await places(page);
  expect(Object.keys(before).length).toBeGreaterThan(8);
  const field = page.getByRole("textbox", { name: "Manifest" });
  const text = await field.inputValue();
  await field.fill(`${text}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: added, namespace: shop}\n`);
  await expect(page.locator('.relations .node[aria-label*="configmap/added"]')).toHaveCount(1);
  const after = await places(page);
  for (const [label, place] of Object.entries(before)) expect(`${label} ${after[label]}`).toBe(`${label} ${place}`);
  await field.fill(text);
  await expect(page.locator('.relations .node[aria-label*="configmap/added"]')).toHaveCount(0);
  expect(await places(page)).toEqual(before);
});

test("moves by pointer, wheel and keys, and a drag is no press", async ({ page }) => {
  await open(page);
  await drawn(page);
  const at = () => ground(page).getAttribute("transform");
  const frame = await page.locator("svg.graph[role=listbox]").boundingBox();
  const middle = [frame.x + frame.width / 2, frame.y + frame.height / 2];
  const first = await at();
  await page.mouse.move(...middle);
  await page.mouse.wheel(0, -300);
  await expect.poll(at).not.toBe(first);
  const zoomed = await at();
  await page.mouse.down();
  await page.mouse.move(middle[0] + 60, middle[1] + 40, { steps: 4 });
  await page.mouse.up();
  await expect.poll(at).not.toBe(zoomed);
  await expect(page.locator(".relations .node.selected")).toHaveCount(0);
  const graph = page.getByRole("listbox", { name: /^Relations/ });
  await graph.focus();
  await page.keyboard.press("0");
  await expect.poll(at).toBe(first);
  await page.keyboard.press("Shift+ArrowRight");
  await expect.poll(at).not.toBe(first);
  const now = () => graph.getAttribute("aria-activedescendant");
  const own = await now();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
  await expect.poll(now).not.toBe(own);
  await page.getByRole("button", { name: "Larger" }).click();
  await page.getByRole("button", { name: "Fit", exact: true }).click();
  await expect.poll(at).toBe(first);
});

test("the same as a list, and back by key", async ({ page }) => {
  await open(page);
  await drawn(page);
  await page.getByRole("button", { name: "List", exact: true }).click();
  const rows = page.getByRole("region", { name: "Objects and their relations" });
  await expect(rows).toContainText("selects");
  await expect(rows).toContainText("single point of failure");
  await rows.getByRole("button", { name: /deployment\// }).first().click();
  await expect(page.locator("#answer .summary")).toContainText("pod time served");
  await page.locator(".acts").click({ position: { x: 2, y: 2 } });
  await page.keyboard.press("r");
  await expect(map(page)).toBeVisible();
  await command(page, "relation graph");
  await expect(page.locator(".relations")).toBeVisible();
});

test("names are text", async ({ page }) => {
  await open(page);
  await paste(page, `${web}---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: "<img src=x onerror=document.title=1>\\u202e"}}\n`);
  await expect(page.locator(".stage")).toHaveAttribute("aria-busy", "false");
  await drawn(page);
  await expect(page.locator(".relations text", { hasText: "<img src=x" })).toHaveCount(1);
  expect(await page.locator(".relations img").count()).toBe(0);
  expect(await page.title()).toBe("Wavetank");
});

test("a thousand objects are drawn as few, and a group opens where it stands", async ({ page }) => {
  await open(page);
  const app = (nth) => web.replaceAll("web", `app${nth}`).replace("replicas: 6", "replicas: 1").replace("metadata:\n", `metadata:\n  namespace: team-${nth % 12}\n`)
    + `---\n{apiVersion: v1, kind: Service, metadata: {name: app${nth}, namespace: team-${nth % 12}}, spec: {selector: {app: app${nth}}, ports: [{port: 80}]}}\n---\n`;
  await paste(page, web);
  await put(page, Array.from({ length: 500 }, (_, nth) => app(nth)).join(""));
  await ready(page);
  await drawn(page);
  await expect(page.locator(".caption")).toContainText("drawn as 12");
  const before = await places(page);
  await page.locator('.relations .node.many[aria-label^="group/team-3"]').click();
  await expect(page.locator(".caption")).toContainText("drawn as 53");
  const after = await places(page);
  for (const [label, place] of Object.entries(before)) if (!label.endsWith("team-3")) expect(`${label} ${after[label]}`).toBe(`${label} ${place}`);
});

test("each kind of tie is drawn, and what stands alone is marked", async ({ page }) => {
  await open(page);
  const mounting = web.replace("replicas: 6", "replicas: 1").trimEnd() + `
          volumeMounts: [{name: settings, mountPath: /etc/settings}]
          env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}]
      volumes: [{name: settings, configMap: {name: settings}}]
`;
  await paste(page, `${mounting}${rest}---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
`);
  await ready(page);
  await drawn(page);
  await expect(box(page, "ingress/front")).toBeVisible();
  const texts = new Set(await page.locator(".relations .tie title").allTextContents());
  for (const words of ["selects", "routes to", "mounts", "references", "protects", "restricts", "allows"]) expect([...texts]).toContain(words);
  await expect(box(page, "deployment/web").locator(".alone")).toHaveText("!");
  await expect(page.locator(".caption")).toContainText(/single points? of failure/);
  const alone = () => box(page, "deployment/web").locator(".alone").count();
  await page.getByRole("textbox", { name: "Manifest" }).fill((await page.getByRole("textbox", { name: "Manifest" }).inputValue()).replace("replicas: 1", "replicas: 6"));
  await expect.poll(alone).toBe(0);
});

test("each pod is drawn with what owns it, and leads to its why", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  await drawn(page);
  const texts = () => page.locator(".relations .tie title").allTextContents();
  expect((await texts()).filter((text) => text === "owns")).toEqual([]);
  await page.getByLabel("Draw", { exact: true }).selectOption({ label: "Every pod" });
  await expect.poll(async () => (await texts()).filter((text) => text === "owns").length).toBe(6);
  await page.locator('.relations .node[aria-label^="pod/"]').first().click();
  await expect(page.getByRole("tab", { name: "Why" })).toHaveAttribute("aria-selected", "true");
  await expect(page.locator("#answer")).toContainText("node-");
});

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test("nothing serious for axe, drawn or listed", async ({ page }) => {
      await open(page);
      await drawn(page);
      await page.getByRole("list", { name: "Steps" }).getByRole("button").first().click();
      await expect(page.locator(".caption.marked")).toBeVisible();
      for (const turn of [0, 1]) {
        if (turn) await page.getByRole("button", { name: "List", exact: true }).click();
        const { violations } = await new AxeBuilder({ page }).analyze();
        const found = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        expect(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
      }
    });
  });
}
