// Opens pages of an agent in Chromium, each in light and in dark, and reports what axe-core finds, errors on the console
// (also of the content security policy), and requests to anybody but the agent.
//
//   node check.mjs ORIGIN PATH...    run by `accessibility`, in the folder with playwright-core and axe-core
import fs from 'fs';
import { createRequire } from 'module';

const require = createRequire(process.cwd() + '/');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [origin, ...paths] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
let faults = 0;
const say = (path, what) => { faults += 1; console.log(`${path}: ${what}`); };

for (const colorScheme of ['light', 'dark']) {
  // The first visit keeps the policy of the page; the second lets axe-core in.
  for (const bypassCSP of [false, true]) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme, bypassCSP });
    for (const path of paths) {
      const page = await context.newPage();
      page.on('console', message => { if (message.type() === 'error') say(path, `console: ${message.text()}`); });
      page.on('pageerror', error => say(path, `script: ${error}`));
      page.on('request', request => { if (!request.url().startsWith(origin)) say(path, `asks ${request.url()}`); });
      const answer = await page.goto(origin + path);
      if (answer.status() !== 200) say(path, `status ${answer.status()}`);
      if (bypassCSP) {
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        for (const violation of violations)
          say(path, `${colorScheme}: ${violation.id}, ${violation.nodes.length} times: ${violation.nodes[0].html.slice(0, 200)}`);
      }
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
console.log(`${paths.length} pages, ${faults} faults`);
process.exit(faults > 0 ? 1 : 0);
