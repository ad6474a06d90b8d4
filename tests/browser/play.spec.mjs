// The playground: what would hurt, what was expected, what would have helped, what differs.
import { readFileSync } from "node:fs";
import { act, command, end, expect, now, open, paste, ready, show, test, time, web } from "./page.mjs";

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

/** Shows the risks, all of them weighed. */
async function ranked(page) {
  await ready(page);
  await tab(page, "Risks").click();
  await expect(page.locator(".progress")).toContainText("what-ifs,");
}

test.describe("what would hurt", () => {
  test("is ranked in the background, and a row opens the run where it is worst", async ({ page }) => {
    await open(page);
    await ranked(page);
    const rows = page.locator(".risks tbody tr");
    expect(await rows.count()).toBeGreaterThan(8);
    await expect(rows.first()).toHaveClass(/bad/);
    const worst = rows.first().getByRole("button").first();
    await expect(worst).toContainText("zone-");
    const zone = (await worst.textContent()).match(/zone-\w/)[0];
    await worst.click();
    await ready(page);
    await expect(page.getByRole("list", { name: "Steps" })).toContainText(zone);
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /[1-9] lost/);
    await expect(page.locator(".risks tr.open")).toHaveCount(1);
    const worstMoment = await now(page);
    await page.keyboard.press("End");
    await expect.poll(() => now(page)).not.toBe(worstMoment);
    await page.keyboard.press("w");
    await expect.poll(() => now(page)).toBe(worstMoment);
    const undo = page.getByRole("button", { name: "Undo trying a what-if" });
    await undo.click();
    await expect(undo).toHaveCount(0);
  });

  test("follows the manifests", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ranked(page);
    await expect(page.locator(".risks")).toContainText("deployment/web is restarted");
    await expect(page.locator(".risks")).not.toContainText("payments");
  });

  test("is each zone, node, drain and restart, and is told anew while one types", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ranked(page);
    const rows = (words) => page.locator(".risks tbody th").filter({ hasText: words });
    for (const zone of ["zone-a", "zone-b", "zone-c"]) await expect(rows(`${zone} is lost`)).toHaveCount(1);
    for (const words of [/node-\d+ dies/, /node-\d+ is drained/]) expect(await rows(words).count()).toBeGreaterThan(0);
    await expect(rows("deployment/web is restarted")).toHaveCount(1);
    const harmful = page.locator(".risks tr.bad");
    await expect(harmful).toHaveCount(0);
    const field = page.getByRole("textbox", { name: "Manifest" });
    await field.fill(web.replace("replicas: 6", "replicas: 1"));
    await expect(harmful.first()).toContainText(/zone-\w is lost|node-\d+ dies/);
    await expect(page.locator(".progress")).toContainText("what-ifs,");
    await field.fill(web);
    await expect(page.locator(".progress")).toContainText("what-ifs,");
    await expect(harmful).toHaveCount(0);
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
  await expect(page.locator(".time b")).toHaveText(await all.nth(1).getByRole("button").textContent());
});

test("from the open page to a fix that helps in five interactions", async ({ page }) => {
  await open(page);
  await ranked(page);
  await page.locator(".risks tbody tr").first().getByRole("button").first().click();
  await ready(page);
  await tab(page, "Report").click();
  const fix = page.locator("details.advice[open]").filter({ has: page.locator(".verified.helps") });
  await fix.getByRole("button", { name: "Show the change" }).click();
  const diff = page.getByRole("region", { name: "Proposed change" });
  await expect(diff.locator("ins").first()).toBeInViewport();
  await expect(fix.locator(".outcome")).toContainText(/verified: with it/i);
  const before = await page.locator(".verdict").textContent();
  const name = (await diff.locator("figcaption").first().textContent()).trim();
  const gone = (await diff.locator("del").allTextContents()).map((line) => line.slice(2).trimEnd());
  const kept = async () => {
    const lines = readFileSync(new URL(`../../static/examples/shop/${name}`, import.meta.url), "utf8").trimEnd().split("\n");
    const text = (await page.getByRole("textbox", { name: "Manifest" }).inputValue()).split("\n");
    return lines.filter((line) => !gone.includes(line.trimEnd()) && !text.includes(line));
  };
  await fix.getByRole("button", { name: "Apply and run again" }).click();
  await expect(diff).toHaveCount(0);
  await ready(page);
  // Every line that the change does not name is there as it was, comments and all.
  await expect.poll(kept).toEqual([]);
  await expect(page.getByRole("region", { name: "Compared with the kept run" })).toContainText("▲");
  await expect(page.locator(".verdict")).not.toHaveText(before);
  await expect(page.locator(".findings .sev-error")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo applying a fix" }).click();
  await ready(page);
  await expect(page.locator(".verdict")).toHaveText(before);
});

test("a proposal is looked at in the place of the text, and left as it is", async ({ page }) => {
  await open(page);
  await show(page, "cart.yaml");
  const field = page.getByRole("textbox", { name: "Manifest" });
  const text = await field.inputValue();
  await tab(page, "Report").click();
  const offer = page.locator("details.advice[open]").getByRole("button", { name: "Show the change" });
  const diff = page.getByRole("region", { name: "Proposed change" });
  for (const back of [() => diff.getByRole("button", { name: "Back to the text" }).click(), () => page.locator(".file.active").getByRole("button").first().click()]) {
    await offer.click();
    await expect(diff.locator("ins").first()).toBeInViewport();
    await expect(field).toBeHidden();
    await back();
    await expect(diff).toHaveCount(0);
    await expect(field).toHaveValue(text);
  }
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

test("a key right behind the one that closes a dialog counts", async ({ page }) => {
  await open(page);
  await page.locator(".acts").click({ position: { x: 2, y: 2 } });
  for (const over of ["?", "Control+K", "g"]) {
    await page.keyboard.press(over);
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press("Escape");
    await page.keyboard.press("3");
    await expect(tab(page, "Report")).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("2");
    await expect(tab(page, "Why")).toHaveAttribute("aria-selected", "true");
  }
  await page.keyboard.press("Control+K");
  await expect(page.getByRole("combobox", { name: "Command" })).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+K");
  await expect(page.getByRole("combobox", { name: "Command" })).toBeFocused();
  await page.waitForTimeout(300);
  await expect(page.getByRole("dialog"), "what closed is not what opened").toHaveCount(1);
});

test("the keys are told, and lead everywhere", async ({ page }) => {
  await open(page);
  await time(page).focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys and help" })).toContainText("All commands");
  await page.keyboard.press("Escape");
  // A dialog that is shut is gone from the page a moment later.
  await expect(page.locator("dialog")).toHaveCount(0);
  await expect(time(page)).toBeFocused();
  await page.keyboard.press("3");
  await expect(tab(page, "Report")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("End");
  await expect.poll(async () => (await now(page)) === (await end(page))).toBe(true);
  await page.keyboard.press("w");
  await expect.poll(async () => (await now(page)) < (await end(page))).toBe(true);
  await page.keyboard.press("t");
  await expect(page.locator(".cluster-table")).toBeVisible();
  for (let press = 0; press < 6; press += 1) {
    await page.keyboard.press("F6");
    await expect(page.locator(":focus")).toHaveCount(1);
  }
});

test("the tabs of the answers go by arrows, and the focus with them", async ({ page }) => {
  await open(page);
  await tab(page, "Story").focus();
  for (const name of ["Why", "Report", "Risks", "Assumed", "Story"]) {
    await page.keyboard.press("ArrowRight");
    await expect(tab(page, name)).toHaveAttribute("aria-selected", "true");
    await expect(tab(page, name)).toBeFocused();
  }
  await page.keyboard.press("ArrowLeft");
  await expect(tab(page, "Assumed")).toBeFocused();
});

test("playing stops where a workload has no pod left", async ({ page }) => {
  await open(page);
  const lost = ["zone-a", "zone-b", "zone-c"].map((zone) => `    - {at: 10s, failZone: ${zone}}\n`).join("");
  await paste(page, `${web}---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: all}\nspec:\n  steps:\n${lost}`);
  await ready(page);
  await page.getByLabel("Stop at").selectOption("outages");
  await page.getByLabel("Speed").selectOption("5");
  await time(page).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  expect(await now(page)).toBe(10_000);
  await page.getByLabel("Stop at").selectOption("pods without a node");
  await page.keyboard.press("Home");
  await time(page).focus();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  expect(await now(page)).toBeGreaterThan(10_000);
  await page.keyboard.press("b");
  await expect(page.getByLabel("Stop at")).toHaveValue("nothing");
});

test("lanes are workloads or zones", async ({ page }) => {
  await open(page);
  await expect(page.locator(".timeline .name").first()).toContainText("payments");
  await page.getByRole("button", { name: "By zone" }).click();
  await expect(page.locator(".timeline .name")).toHaveText([/zone-a/, /zone-b/, /zone-c/]);
  await expect(page.locator(".track .believed").first()).toBeVisible();
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
  // The steps stay as they were written: only the manifest is another.
  await show(page, "manifest.yaml");
  await page.getByRole("textbox", { name: "Manifest" }).fill(web);
  await ready(page);
  await expect(compared).toContainText("deployment/web");
  await expect(page.locator(".timeline .kept").first()).toBeVisible();
  // Side by side: each map has its own pods at the same moment.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  const [kept, present] = ["The kept run", "This run"].map((name) => page.getByRole("figure", { name }));
  await expect(kept).toContainText("1 pod ready");
  await expect(present).toContainText("6 pods ready");
  await page.keyboard.press("End");
  await expect(kept.getByRole("application")).toHaveAttribute("aria-label", /2 lost/);
  await kept.getByRole("button", { name: "Hide the map of the kept run" }).click();
  await expect(kept).toHaveCount(0);
  await compared.getByRole("button", { name: "Side by side" }).click();
  await expect(kept).toBeVisible();
  await compared.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator(".timeline .kept")).toHaveCount(0);
  await expect(kept).toHaveCount(0);
});

test("two scenarios of one set are compared on one timeline", async ({ page }) => {
  await open(page);
  await paste(page, web.replace("replicas: 6", "replicas: 2"));
  await ready(page);
  await act(page, "Fail zone", "zone-a");
  await ready(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  for (const zone of ["zone-b", "zone-c"]) await act(page, "Fail zone", zone);
  await ready(page);
  await tab(page, "Report").click();
  const compared = page.getByRole("region", { name: "Compared with the kept run" });
  await expect(compared.locator("li.worse")).toContainText("deployment/web");
  await expect(page.locator(".timeline .kept").first()).toBeVisible();
  await page.getByRole("button", { name: "Remove Fail zone zone-c" }).click();
  await page.getByRole("button", { name: "Remove Fail zone zone-b" }).click();
  await expect(compared).toContainText("No workload fares differently.");
});

test("every verb adds its step at the cursor, and undo takes each back", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("listitem");
  const undo = page.getByRole("button", { name: /^Undo / });
  const made = [["Fail zone", "zone-b"], ["Fail node", "node-1"], ["Drain", "node-3"], ["Roll out", "deployment/web"], ["Bad release", "deployment/web"], ["Pressure", "node-2"], ["Recover zone", "zone-b"], ["Recover node", "node-1"]];
  for (const [nth, [verb, target]] of made.entries()) {
    await act(page, verb, target);
    await ready(page);
    await expect(steps).toHaveCount(nth + 1);
    await expect(steps.filter({ hasText: `${verb} ${target}` })).toHaveCount(1);
  }
  await page.keyboard.press("Escape");
  for (let left = made.length - 1; left > 0; left -= 1) {
    if (left % 2) await page.keyboard.press("Control+Z");
    else await undo.click();
    await expect(steps).toHaveCount(left);
    await ready(page);
  }
  await expect(steps).toContainText("Fail zone zone-b");
  const end1 = await end(page);
  await time(page).focus();
  await page.keyboard.press("End");
  await act(page, "Drain", "node-1");
  await ready(page);
  const at = (words) => { const [minutes, seconds] = words.split(":").map(Number); return (minutes * 60 + seconds) * 1_000; };
  expect(at(await steps.filter({ hasText: "Drain" }).locator("time").textContent()), "it was added where the cursor stood").toBeGreaterThan(0.9 * end1 - 1_000);
});

test.describe("what is broken is written into the Scenario in the editor", () => {
  const field = (page) => page.getByRole("textbox", { name: "Manifest" });
  const steps = (page) => page.getByRole("list", { name: "Steps" }).getByRole("listitem");

  test("a new file where there is none, shown where the step stands, and kept", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ready(page);
    await act(page, "Fail zone", "zone-b");
    await expect(page.locator(".file.active")).toHaveAttribute("title", "scenario.yaml");
    await expect(field(page)).toHaveValue(/kind: Scenario[^]*- at: 0s\n    failZone: zone-b\n$/);
    await expect(page.locator(".row.revealed")).toContainText("failZone: zone-b");
    await ready(page);
    await page.keyboard.press("Escape");
    await act(page, "Drain", "node-1");
    await expect(field(page)).toHaveValue(/failZone: zone-b\n  - at: \S+\n    drain: node-1\n$/);
    await ready(page);
    // What is written is what is run: it can be typed over.
    await field(page).fill((await field(page).inputValue()).replace("node-1", "node-2"));
    await expect(steps(page).filter({ hasText: "Drain node-2" })).toHaveCount(1);
    await ready(page);
    await page.getByRole("button", { name: "Remove Fail zone zone-b" }).click();
    await expect(field(page)).toHaveValue(/steps:\n  - at: \S+\n    drain: node-2\n$/);
    await page.reload();
    await ready(page);
    await expect(steps(page)).toHaveCount(1);
    await page.getByRole("list", { name: "Steps" }).getByRole("button").first().click();
    await expect(page.locator(".row.revealed")).toContainText("drain: node-2");
  });

  test("among the steps of the files' own, comments and expectations in place, and undone with it", async ({ page }) => {
    await open(page);
    await show(page, "scenario.yaml");
    const before = await field(page).inputValue();
    const own = await steps(page).count();
    await act(page, "Drain", "node-1");
    await expect(field(page)).toHaveValue(/drain: node-1/);
    await ready(page);
    await expect(steps(page)).toHaveCount(own + 1);
    const after = (await field(page).inputValue()).split("\n");
    for (const line of before.split("\n").filter((line) => /#|always|never|eventually|finally|name:/.test(line))) expect(after).toContain(line);
    await page.getByRole("button", { name: "Undo adding a step" }).click();
    await expect(field(page)).toHaveValue(before);
    await expect(steps(page)).toHaveCount(own);
  });

  test("but not where that would change more, which is said", async ({ page }) => {
    await open(page);
    const head = "---\napiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: x}\n";
    const text = `${web.trimEnd()}\n${head}all: &all [{at: 0s, drain: node-1}]\nspec: {steps: *all}\n`;
    await paste(page, text);
    await ready(page);
    await act(page, "Fail zone", "zone-b");
    await expect(page.locator(".notices")).toContainText("stand beside the files");
    await expect(steps(page)).toHaveCount(2);
    await expect(field(page)).toHaveValue(text);
  });

  test("nor does a what-if that is tried take the place of what the files say", async ({ page }) => {
    await open(page);
    await show(page, "scenario.yaml");
    const before = await field(page).inputValue();
    await tab(page, "Risks").click();
    await page.locator(".risks tbody tr").first().getByRole("button").first().click();
    await ready(page);
    await act(page, "Drain", "node-1");
    await expect(page.locator(".notices")).toContainText("steps of its own");
    await ready(page);
    await expect(steps(page)).toHaveCount(2);
    await expect(field(page)).toHaveValue(before);
  });

  test("what is selected has its own verbs, and so has the palette", async ({ page }) => {
    await open(page);
    await paste(page, web);
    await ready(page);
    await page.getByRole("button", { name: "Table" }).click();
    await page.locator(".cluster-table tr.pod button").first().click();
    const hand = page.getByRole("group", { name: "Selected: deployment/web" });
    await hand.getByRole("button", { name: "Scale to 12" }).click();
    await expect(steps(page)).toContainText("Scale workload: deployment/web, replicas: 12");
    await ready(page);
    await page.locator(".cluster-table tr.node button").first().click();
    await page.getByRole("group", { name: "Selected: node-1" }).getByRole("button", { name: "Cordon" }).click();
    await expect(steps(page).filter({ hasText: "Cordon node-1" })).toHaveCount(1);
    await ready(page);
    await expect(page.getByRole("group", { name: "Selected: node-1" }).getByRole("button", { name: "Uncordon" })).toBeVisible();
    await command(page, "registry outage");
    await expect(steps(page).filter({ hasText: "Registry outage" })).toHaveCount(1);
    await expect(field(page)).toHaveValue(/scale:\n      workload: deployment\/web\n      replicas: 12\n  - at: \S+\n    cordon: node-1\n  - at: \S+\n    registryOutage: {}\n$/);
  });
});

test.describe("the timeline", () => {
  test("has ticks of each kind, the curves of what answers and of what is believed, and the story in step", async ({ page }) => {
    await open(page);
    const still = page.locator(".track .still");
    for (const kind of ["step", "node", "loss", "unplaced", "placed", "ready"]) expect(await still.locator(`.tick.kind-${kind}:not(.lane-tick)`).count(), kind).toBeGreaterThan(0);
    for (const line of [".curve", ".believed", ".wanted"]) expect(await still.locator(line).count(), line).toBeGreaterThan(0);
    const said = (list) => page.locator(`.story ${list} time`).evaluateAll((all) => all.map(({ textContent }) => textContent.split(":").reduce((sum, part) => sum * 60 + Number(part), 0)));
    await time(page).focus();
    await page.keyboard.press("End");
    const heard = new Set();
    for (let press = 0; press < 8; press += 1) {
      const before = await now(page);
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => now(page)).toBeLessThan(before);
      const second = Math.floor((await now(page)) / 1_000);
      // The sentence of the moment is the last that has come; all after it are to come.
      await expect.poll(async () => Math.max(...await said("li.past"), ...await said("li.now"))).toBeLessThanOrEqual(second);
      await expect.poll(async () => Math.min(Infinity, ...await said("li.to-come"))).toBeGreaterThanOrEqual(second);
      heard.add(await page.locator(".story .now").textContent());
    }
    expect(heard.size).toBeGreaterThan(1);
    const other = page.locator(".story li").last().getByRole("button").first();
    const at = await other.locator("time").textContent();
    await other.click();
    await expect(page.locator(".time b")).toHaveText(at);
  });

  test("is scrubbed by pointer as long as it is held", async ({ page }) => {
    await open(page);
    const box = await page.locator(".track").boundingBox();
    const at = (part) => [box.x + 140 + part * (box.width - 160), box.y + box.height / 2];
    await page.mouse.move(...at(0.2));
    await page.mouse.down();
    await expect.poll(() => now(page)).toBeLessThan(0.3 * (await end(page)));
    for (const part of [0.35, 0.5, 0.7]) {
      await page.mouse.move(...at(part));
      await expect.poll(async () => Math.round(10 * ((await now(page)) / (await end(page))))).toBe(Math.round(10 * part));
    }
    await expect(page.locator("canvas")).toHaveAttribute("aria-label", /lost/);
    await page.mouse.up();
    const left = await now(page);
    await page.mouse.move(...at(0.9));
    await page.mouse.move(...at(0.1));
    await page.waitForTimeout(200);
    expect(await now(page), "what is not held does not scrub").toBe(left);
  });

  test("plays as fast as is chosen", async ({ page }) => {
    await open(page);
    await time(page).focus();
    const played = async (speed, until) => {
      await page.keyboard.press("Home");
      await expect.poll(() => now(page)).toBe(0);
      await page.getByLabel("Speed").selectOption(speed);
      await time(page).focus();
      const began = Date.now();
      await page.keyboard.press("Space");
      await expect.poll(() => now(page)).toBeGreaterThan(until);
      await page.keyboard.press("Space");
      await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
      return [await now(page), Date.now() - began];
    };
    // However slow the machine is: a second is never more than so many, and at ×300 ten minutes come long before they have passed.
    const [slow, real] = await played("1", 200);
    expect(slow).toBeLessThanOrEqual(real);
    const [fast, less] = await played("300", 300_000);
    expect(fast).toBeGreaterThan(5 * less);
  });
});
