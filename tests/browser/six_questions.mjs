// Opens the page of an incident at 1280 x 800, and prints the answers that can be read there without scrolling, as JSON.
//
//   node six_questions.mjs URL PICTURE    run by `six_questions`, in the folder with playwright-core
import { createRequire } from 'module';

const require = createRequire(process.cwd() + '/');
const { chromium } = require('playwright-core');
const [url, picture] = process.argv.slice(2);
const rows = {
  'Since when?': 'Since', 'Who suffers?': 'Who suffers', 'What changed?': 'What changed before', 'What can be done?': 'What to do',
  'When does it end?': 'Ends',
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(url);
const missing = [];

async function read(question, locator) {
  const box = await locator.count() > 0 ? await locator.first().boundingBox() : null;
  const text = box ? (await locator.first().innerText()).replace(/\s+/g, ' ').trim() : '';
  if (!text) missing.push(`${question} is not answered`);
  else if (box.y + box.height > 800) missing.push(`${question} is answered below the first screen: ${text}`);
  return text;
}

const answers = { 'What is broken?': await read('What is broken?', page.locator('main section h2')) };
for (const [question, name] of Object.entries(rows))
  answers[question] = await read(question, page.locator(`main section tr:has(> th:text-is("${name}")) > td`));
await page.screenshot({ path: picture });
await browser.close();
console.log(missing.length > 0 ? missing.join('\n') : JSON.stringify(answers));
process.exit(missing.length > 0 ? 1 : 0);
