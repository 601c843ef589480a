// What a reader does with a page: each page is opened without a network, and any error in its console fails the test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { PAGES, SHOTS, CHROMIUM } = process.env;
const WIDTHS = [360, 800, 1400];
const ALL = ["sweep", "rules", "walk", "paths", "tear"];

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

// Opens a page, hands it to `use`, and fails on whatever it asked for and on every error that it made.
const open = async (name, options, use) => {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(`console: ${message.text()}`); });
  page.on("request", (request) => { if (!/^(file|data):/.test(request.url())) wrong.push(`asked for ${request.url()}`); });
  await page.goto(`file://${PAGES}/${name}.html`);
  await use(page);
  await context.close();
  assert.deepEqual(wrong, [], name);
};

const column = (page, heading) => page.$$eval("#ranking [data-asset]:not([hidden]) table", ([table], heading) => {
  const at = Array.from(table.tHead.rows[0].cells).findIndex((one) => one.textContent === heading);
  return Array.from(table.tBodies[0].rows, (row) => row.cells[at].textContent);
}, heading);
const numbers = (texts) => texts.map((text) => Number(text.replace(/[, %]/g, "")));
const sorted = (values, sign) => values.every((one, i) => i === 0 || sign * (one - values[i - 1]) >= 0);
const visible = "#ranking [data-asset]:not([hidden])";

test("a ranking is sorted by a click on a heading, and says how", async () => {
  await open("sweep", {}, async (page) => {
    assert.ok(sorted(numbers(await column(page, "#")), 1), "the best first");
    const head = page.locator(`${visible} th`, { hasText: /^trades$/ });
    await head.getByRole("button").click();
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    const down = numbers(await column(page, "trades"));
    assert.ok(sorted(down, -1) && down[0] > down.at(-1), String(down));
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "trades", "the focus stays");
    await page.keyboard.press("Enter");
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    assert.ok(sorted(numbers(await column(page, "trades")), 1));
    await page.getByRole("button", { name: "Later" }).click();
    assert.match(await page.locator("#pager").textContent(), /26 to 50 of 210/);
  });
});

test("a filter keeps the trials of which it holds, and says what it does not understand", async () => {
  await open("sweep", {}, async (page) => {
    const said = page.locator("#filter-said");
    await page.getByLabel("Show only").fill("fast < 8, trades >= 40");
    const [fast, trades] = [numbers(await column(page, "fast")), numbers(await column(page, "trades"))];
    assert.ok(fast.length > 0 && fast.every((one) => one < 8) && trades.every((one) => one >= 40), `${fast} ${trades}`);
    assert.match(await said.textContent(), /^\d+ of 210 trials$/);
    await page.getByLabel("Show only").fill("height > 3");
    assert.match(await said.textContent(), /Not understood: no column is called height/);
    await page.getByLabel("Show only").fill("sharpe > 99");
    assert.match(await said.textContent(), /^0 of 210 trials$/);
    await page.getByLabel("Show only").fill("");
    assert.equal(await said.textContent(), "");
    await page.getByLabel("all metrics").check();
    assert.equal((await column(page, "turnover")).length, 25);
  });
});

test("a map is of the metric and the parameters that are chosen, and is read by the arrow keys", async () => {
  await open("rules", {}, async (page) => {
    const map = page.locator("#map"), picture = map.locator("svg[tabindex]");
    assert.match(await picture.getAttribute("aria-label"), /^rank by by a and b/);
    await map.getByLabel("Metric").selectOption("max_drawdown");
    await map.getByLabel("across").selectOption("c");
    assert.match(await picture.getAttribute("aria-label"), /^drawdown by a and c, from -/);
    assert.equal(await picture.locator("rect[fill]").count(), 40);
    await map.getByLabel("each cell").selectOption("worst");
    await picture.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowUp");
    assert.match(await map.locator(".read").textContent(), /^a \d+, c \d+: -[\d.]+ % \(worst of \d+\)$/);
    await map.getByLabel("across").selectOption("a");
    assert.equal(await map.getByLabel("up").inputValue(), "c", "two axes are never the same");
  });
});

test("the best and its neighbours are marked on the map", async () => {
  await open("sweep", {}, async (page) => {
    assert.equal(await page.locator("#map rect.best").count(), 1);
    const near = await page.locator("#map rect.near").count();
    assert.ok(near >= 3 && near <= 8, String(near));
  });
});

test("a click takes equity to a log scale and back", async () => {
  await open("sweep", {}, async (page) => {
    const equity = page.locator("#equity"), line = () => equity.locator("path.c0").getAttribute("d"), plain = await line();
    await equity.getByRole("button", { name: "Log scale" }).click();
    assert.notEqual(await line(), plain);
    assert.equal(await equity.getByRole("button").getAttribute("aria-pressed"), "true");
    await equity.getByRole("button").click();
    assert.equal(await line(), plain);
    await equity.locator("svg").hover();
    assert.match(await equity.locator(".read").textContent(), /^\d{4}-\d\d-\d\d: sma-cross [\d,]+, buy and hold [\d,]+$/);
  });
});

test("another asset shows its own figures everywhere", async () => {
  for (const name of ["sweep", "walk"]) await open(name, {}, async (page) => {
    const before = await page.locator("#equity path.c0").getAttribute("d");
    assert.equal(await page.locator("[data-asset='1']:visible").count(), 0);
    await page.getByLabel("Asset").selectOption("1");
    assert.equal(await page.locator("[data-asset='0']:visible").count(), 0);
    assert.notEqual(await page.locator("#equity path.c0").getAttribute("d"), before);
  });
});

test("the distribution is of the metric that is chosen, with the threshold beside Sharpe ratios", async () => {
  await open("sweep", {}, async (page) => {
    const histogram = page.locator("#histogram");
    assert.equal(await histogram.locator("line.bad").count(), 1);
    await histogram.getByLabel("Metric").selectOption("trades");
    assert.equal(await histogram.locator("line.bad").count(), 0);
    assert.match(await histogram.locator("svg").getAttribute("aria-label"), /^trades of 210/);
  });
});

test("round trips are sorted by number and by date", async () => {
  await open("tear", {}, async (page) => {
    const cells = (at) => page.$$eval("#trips tbody tr", (rows, at) => rows.map((row) => row.cells[at].textContent), at);
    await page.locator("#trips").getByRole("button", { name: "profit" }).click();
    assert.ok(sorted(numbers(await cells(5)), -1));
    await page.locator("#trips").getByRole("button", { name: "entered" }).click();
    await page.locator("#trips").getByRole("button", { name: "entered" }).click();
    const dates = await cells(0);
    assert.deepEqual(dates, dates.toSorted());
    assert.equal(await page.locator("#equity rect.shade").count(), 5);
  });
});

test("no page is wider than its window, and the keyboard reaches what it shows", async () => {
  for (const name of ALL) for (const width of WIDTHS) await open(name, { viewport: { width, height: 900 } }, async (page) => {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} at ${width}: ${over} pixels too wide`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${width}.png`, fullPage: true });
  });
});

test("axe finds nothing, in light and dark, on a screen and a phone", async () => {
  for (const name of ALL) for (const colorScheme of ["light", "dark"]) for (const width of [360, 1400]) {
    await open(name, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => axe.run());
      const said = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((one) => one.html.slice(0, 200)).join(" | ")}`);
      assert.deepEqual(said, [], `${name} ${colorScheme} ${width}`);
      if (SHOTS && colorScheme === "dark") await page.screenshot({ path: `${SHOTS}/${name}-${width}-dark.png`, fullPage: true });
    });
  }
});

test("a page prints without what only a screen can use", async () => {
  await open("sweep", { colorScheme: "dark" }, async (page) => {
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("nav").isVisible(), false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).color), "rgb(0, 0, 0)");
  });
});

test("without scripts the figures are there to be read", async () => {
  await open("sweep", { javaScriptEnabled: false }, async (page) => {
    assert.equal(await page.locator("#ranking tbody tr").count(), 40);
    assert.equal(await page.locator(".luck").count(), 2);
  });
});
