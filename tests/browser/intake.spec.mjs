// What comes from outside: folders, archives, what kubectl prints, and everything that is no manifest. Nothing that was typed is ever lost by it.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect, open, paste, ready, test, web } from "./page.mjs";

const field = (page) => page.getByRole("textbox", { name: "Manifest" });
const notice = (page) => page.locator(".notices");
const choose = (page, ...files) => page.locator("input[type=file]").first().setInputFiles(files.map(([name, buffer]) => ({ name, mimeType: "text/plain", buffer: Buffer.from(buffer) })));

function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

/** A zip archive of files; `says` is the size that each claims instead of its own. */
function zip(files, says) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const [name, text] of files) {
    const bytes = Buffer.from(text);
    const packed = deflateRawSync(bytes);
    const fixed = Buffer.alloc(22);
    fixed.writeUInt16LE(8, 2);
    fixed.writeUInt32LE(crc(bytes), 8);
    fixed.writeUInt32LE(packed.length, 12);
    fixed.writeUInt32LE(says ?? bytes.length, 16);
    fixed.writeUInt16LE(name.length, 20);
    const place = Buffer.alloc(4);
    place.writeUInt32LE(at);
    const local = Buffer.concat([Buffer.from("PK\x03\x04\x14\0"), fixed, Buffer.from([0, 0]), Buffer.from(name), packed]);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\0\x14\0"), fixed, Buffer.alloc(12), place, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

test("an archive is opened, and what is left out is told", async ({ page }) => {
  await open(page);
  await paste(page, "");
  await choose(page, ["shop.zip", zip([["shop/web.yaml", web], ["shop/README.md", "# read me"]])]);
  await expect(field(page)).toHaveValue(web);
  await ready(page);
  await expect(page.locator("canvas")).toHaveAttribute("aria-label", /6 ready/);
  await expect(notice(page)).toContainText("README.md (not .yaml, .yml or .json)");
});

test("an archive is dropped", async ({ page }) => {
  await open(page);
  await paste(page, "");
  const archive = [...zip([["shop/web.yaml", web]])];
  const dropping = page.locator(".page.dropping");
  await page.evaluate((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], "shop.zip", { type: "application/zip" }));
    for (const kind of ["dragover", "drop"]) setTimeout(() => document.querySelector(".page").dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer })), kind === "drop" ? 1_000 : 0);
  }, archive);
  await expect(dropping).toHaveCount(1);
  await expect(field(page)).toHaveValue(web);
  await expect(dropping).toHaveCount(0);
});

test("an archive that is a bomb gives a message, and the text stays", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  await choose(page, ["bomb.zip", zip([["bomb.yaml", " ".repeat(7 << 20)]])]);
  await expect(notice(page)).toContainText("unpacks to far more than it is (over 250 times, or over 32 MiB): nothing was taken from it");
  await choose(page, ["lies.zip", zip([["lies.yaml", " ".repeat(7 << 20)]], 10)]);
  await expect(notice(page)).toContainText("unpacks to far more than it is");
  await choose(page, ["broken.zip", zip([["a.yaml", web]]).subarray(0, 60)]);
  await expect(notice(page)).toContainText("damaged or cut short");
  await expect(field(page)).toHaveValue(web);
});

test("what kubectl prints is taken as it is", async ({ page }) => {
  const list = `apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ""}\nitems:\n${web.split("\n").filter(Boolean).map((line, nth) => `${nth === 0 ? "- " : "  "}${line}`).join("\n")}\n`;
  await open(page);
  await paste(page, "");
  // As PowerShell writes it.
  await choose(page, ["deployments.yaml", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(list, "utf16le")])]);
  await expect(field(page)).toHaveValue(list);
  await ready(page);
  await expect(page.locator("canvas")).toHaveAttribute("aria-label", /6 ready/);
});

test("50 MB of logs are refused with their limit, by file and by clipboard", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await ready(page);
  await choose(page, ["app.log", Buffer.alloc((50 << 20) - 1024, "2026-01-01 something happened\n")]);
  await expect(notice(page)).toContainText("app.log (larger than 8 MiB)");
  await expect(field(page)).toHaveValue(web);
  await field(page).focus();
  const kept = await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "2026-01-01 something happened\n".repeat(1_800_000));
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector("textarea").dispatchEvent(event);
    return event.defaultPrevented;
  });
  expect(kept).toBe(true);
  await expect(notice(page)).toContainText("more than the 8 MiB");
  await expect(field(page)).toHaveValue(web);
});

test("a web page is called one", async ({ page }) => {
  await open(page);
  await paste(page, web);
  await choose(page, ["raw.yaml", "<!doctype html><title>raw</title>"], ["noise.yaml", Buffer.from([0, 1, 2, 255])]);
  await expect(notice(page)).toContainText("a web page: save the raw file instead");
  await expect(notice(page)).toContainText("not text");
  await expect(field(page)).toHaveValue(web);
  await field(page).fill("<!DOCTYPE html><html><body>404</body></html>");
  await expect(notice(page)).toContainText("This is a web page, not a manifest");
  await expect(page.locator(".findings")).toBeVisible();
});

test("a folder is taken, and only so much of it", async ({ page }) => {
  await open(page);
  await paste(page, "");
  // A dropped folder, as a browser hands it over.
  await page.evaluate((web) => {
    const file = (name, text) => ({ isFile: true, isDirectory: false, fullPath: `/shop/${name}`, file: (yes) => yes(new File([text], name)) });
    const entries = [file("web.yaml", web), file("notes.txt", "no"), ...Array.from({ length: 520 }, (_, nth) => file(`c-${nth}.yaml`, `kind: ConfigMap\napiVersion: v1\nmetadata: {name: c-${nth}}\n`))];
    let given = false;
    const reader = { readEntries: (yes) => { yes(given ? [] : entries); given = true; } };
    const folder = { isFile: false, isDirectory: true, fullPath: "/shop", createReader: () => reader };
    const transfer = { items: { length: 1, 0: { webkitGetAsEntry: () => folder } }, files: { length: 0, item: () => null } };
    const event = new DragEvent("drop", { bubbles: true, cancelable: true });
    Object.defineProperty(event, "dataTransfer", { value: transfer });
    document.querySelector(".page").dispatchEvent(event);
  }, web);
  await expect(notice(page)).toContainText("past the first 500 files");
  await expect.poll(() => page.locator(".file").count()).toBe(500);
});

test("a storage that is full is told of once", async ({ page }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
  });
  await open(page);
  await paste(page, web);
  await expect(notice(page)).toContainText("keeps nothing for this page");
  await notice(page).getByRole("button", { name: "Dismiss" }).click();
  await field(page).fill(web.replace("replicas: 6", "replicas: 4"));
  await ready(page);
  await page.waitForTimeout(700);
  await expect(notice(page)).not.toContainText("keeps nothing");
});

test("what cannot be run yet survives a reload", async ({ page }) => {
  await open(page);
  await paste(page, "apiVersion: v1\nkind: Po");
  await page.waitForTimeout(1_000);
  await page.reload();
  await expect(field(page)).toHaveValue("apiVersion: v1\nkind: Po");
});

test.describe("without WebAssembly", () => {
  test.use({ serviceWorkers: "block" });

  test("the page says what to do", async ({ browser, baseURL }) => {
    const page = await browser.newPage({ baseURL });
    await page.addInitScript(() => delete globalThis.WebAssembly);
    await page.goto("./");
    await expect(page.locator(".refused")).toContainText("Wavetank needs WebAssembly");
    await page.close();
  });

  test("the page says what to do where a policy forbids it", async ({ browser, baseURL }) => {
    const page = await browser.newPage({ baseURL });
    await page.route("**/sub/path/", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace("'wasm-unsafe-eval'", "") });
    });
    await page.goto("./");
    await expect(page.locator(".refused")).toContainText("forbids WebAssembly");
    await page.close();
  });

  test("a program that does not arrive is told of", async ({ browser, baseURL }) => {
    const page = await browser.newPage({ baseURL });
    await page.route("**/*.wasm", (route) => route.abort());
    await page.goto("./");
    await expect(page.locator(".refused")).toContainText("could not be loaded");
    await page.close();
  });
});

test("a folder that is chosen brings its manifests, and stands beside the present set to compare", async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), "wavetank-"));
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "web.yaml"), web);
  writeFileSync(join(folder, "README.md"), "no manifest");
  await open(page);
  await page.getByLabel("Open a folder", { exact: true }).setInputFiles(folder);
  await ready(page);
  await expect(page.locator(".file.active")).toHaveAttribute("title", /deep\/web\.yaml$/);
  await page.getByRole("tab", { name: "Report" }).click();
  writeFileSync(join(folder, "deep", "web.yaml"), web.replace("replicas: 6", "replicas: 2"));
  await page.getByLabel("Open another folder as “after”").setInputFiles(folder);
  await expect(page.getByRole("region", { name: "Compared with the kept run" })).toBeVisible();
  await expect(field(page)).toHaveValue(/replicas: 2/);
});
