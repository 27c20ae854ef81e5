// Does with the pages' forms what a person does, in Chromium and with the keyboard alone: acknowledges an incident,
// sees what a silence would hide, makes one and ends it.
//
//   node forms.mjs ORIGIN INCIDENT    run by `accessibility`, in the folder with playwright-core; INCIDENT is a number
import { createRequire } from 'module';
import assert from 'assert';

const require = createRequire(process.cwd() + '/');
const { chromium } = require('playwright-core');
const [origin, incident] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(15000);

// Presses Tab until the element has the focus: whatever cannot be reached so fails.
async function reach(locator) {
  for (let i = 0; i < 80; ++i) {
    if (await locator.evaluate(element => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${locator} cannot be reached with the keyboard`);
}
async function press(name) {
  await reach(page.getByRole('button', { name, exact: true }));
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}
async function write(label, text) {
  await reach(page.getByLabel(label));
  await page.keyboard.type(text);
}
const main = () => page.locator('main').innerText();

try {
  await page.goto(`${origin}/incident?id=${incident}`);
  await write('Your name', 'ann');
  await press('Acknowledge');
  assert.match(page.url(), new RegExp(`/incident\\?id=${incident}$`));
  assert.match(await main(), /by ann/);
  await press('Withdraw the acknowledgement');
  assert.doesNotMatch(await main(), /by ann/);

  await page.getByRole('link', { name: 'Silence it' }).click();
  await write('Your name', 'ann');
  await write('Why', 'new disks');
  await press('Show what it would hide');
  assert.match(await main(), /Not made yet/);
  assert.match(await main(), new RegExp(`incident ${incident}, page`));
  await press('Silence');
  assert.match(page.url(), /\/silences$/);
  assert.match(await main(), /Why\s+new disks\s+By\s+ann/);
  await page.goto(`${origin}/incident?id=${incident}`);
  assert.match(await main(), /Silenced\s+silence 1 by ann/);
  await page.goto(`${origin}/silences`);
  await press('End silence 1');
  assert.match(await main(), /There are none/);

  // What was typed stays when the page would be read again.
  await page.goto(`${origin}/silences`);
  await write('Why', 'half a sen');
  await page.locator('h1').click();
  await page.waitForTimeout(7000);
  assert.equal(await page.getByLabel('Why').inputValue(), 'half a sen');
} catch (error) {
  console.log(`${page.url()}: ${error}\n${await main()}`);
  process.exitCode = 1;
}
await browser.close();
if (!process.exitCode) console.log('forms: acknowledged, silenced and ended with the keyboard alone');
