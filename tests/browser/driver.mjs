// One page in Chromium, driven line by line: a command as JSON on standard input, its answer as JSON on standard output.
//
//   node driver.mjs [PACE]    PACE: milliseconds between two reads of the page, in place of 5000. Run by `browser.py`, in the folder with playwright-core
import { createRequire } from 'module';
import readline from 'readline';

const require = createRequire(process.cwd() + '/');
const { chromium } = require('playwright-core');

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--js-flags=--expose-gc'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
// What a tab in the background tells its page; a headless browser has no background.
await context.addInitScript(() => {
  let hidden = false;
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  window.hide = value => { hidden = value; document.dispatchEvent(new Event('visibilitychange')); };
});
// The script reads the page again every 5 s; a soak cannot wait that long.
const pace = Number(process.argv[2] ?? 5000);
await context.addInitScript(pace => {
  const later = window.setTimeout;
  window.setTimeout = (what, wait, ...rest) => later(what, wait === 5000 ? pace : wait, ...rest);
}, pace);
const page = await context.newPage();
const cdp = await context.newCDPSession(page);
const faults = [];
let reads = 0;
page.on('pageerror', error => faults.push(`script: ${error}`));
page.on('console', message => { if (message.type() === 'error' && !/ERR_|Failed to load resource/.test(message.text())) faults.push(message.text()); });
page.on('request', request => { if (request.resourceType() === 'fetch') reads += 1; });

const commands = {
  // Milliseconds until all of it is there, in a browser that has nothing of it yet.
  async open({ url }) {
    const started = performance.now();
    await page.goto(url, { waitUntil: 'load' });
    return performance.now() - started;
  },
  // Until the page, without being loaded again, has this text.
  async wait({ text, timeout }) {
    const started = performance.now();
    await page.waitForFunction(wanted => document.body.innerText.includes(wanted), text, { timeout, polling: 50 });
    return performance.now() - started;
  },
  async gone({ text, timeout }) {
    await page.waitForFunction(wanted => !document.body.innerText.includes(wanted), text, { timeout, polling: 50 });
  },
  async text() { return page.evaluate(() => document.body.innerText); },
  async hide({ hidden }) { await page.evaluate(value => window.hide(value), hidden); },
  async evaluate({ code }) { return page.evaluate(code); },
  async press({ key }) { await page.keyboard.press(key); },
  async screenshot({ path }) { await page.screenshot({ path }); },
  async reads() { return reads; },
  async faults() { return faults; },
  // After a collection of garbage, so that what counts is what is held.
  async held() {
    await cdp.send('HeapProfiler.collectGarbage');
    const { usedSize } = await cdp.send('Runtime.getHeapUsage');
    const { documents, nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters');
    return { heap: usedSize, documents, nodes, listeners: jsEventListeners, shown: await page.evaluate(() => document.getElementsByTagName('*').length) };
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { name, ...rest } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await commands[name](rest)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
await browser.close();
