// Real Chromium against the release build, served by `wavetank serve`: what a user gets.
import { defineConfig } from "@playwright/test";

const port = Number(process.env.WAVETANK_PORT ?? 8931);

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.mjs",
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    baseURL: `http://127.0.0.1:${port}/sub/path/`,
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env.WAVETANK_CHROMIUM ?? "chromium",
      args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
    },
    permissions: ["clipboard-read", "clipboard-write"],
  },
  webServer: {
    // Below a path: everything that the page loads must be found relative to it.
    command: `${process.env.WAVETANK_BIN ?? "../../target/release/wavetank"} serve --dir ../../dist --base /sub/path --port ${port}`,
    url: `http://127.0.0.1:${port}/sub/path/`,
    reuseExistingServer: false,
  },
});
