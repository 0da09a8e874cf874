/**
 * Says what to do when the running Node.js is not one of package.json's `engines`, before anything
 * fails in a less readable way. Plain JavaScript that also old versions can parse.
 */
import { readFileSync } from 'node:fs';

const packageFile = new URL('../../../package.json', import.meta.url);
const range = JSON.parse(readFileSync(packageFile, 'utf8')).engines.node;

/** Understands what `engines` uses: `^x.y.z` and `>=x.y.z`, joined by `||`. */
function satisfies(version, wanted) {
  return wanted.split('||').some((part) => {
    const [, operator, text] = /^\s*(\^|>=)\s*([\d.]+)\s*$/.exec(part) ?? [];
    if (text === undefined) throw new Error(`engines has a range this check cannot read: ${part}`);
    const [have, need] = [version, text].map((item) => item.split('.').map(Number));
    const sameMajor = have[0] === need[0];
    if (operator === '^' && !sameMajor) return false;
    const differing = have.findIndex((number, index) => number !== need[index]);
    return differing === -1 || have[differing] > need[differing];
  });
}

const version = process.argv[2] ?? process.versions.node;
if (!satisfies(version, range)) {
  process.stderr.write(
    [
      `This is Node.js ${version}; the project needs ${range}.`,
      'The right one comes with the dependencies: run `npm ci` (without --ignore-scripts, which',
      'would leave out the download of the pinned "node" package) and start through npm:',
      '`npm start`, `npm test`, `npm exec -- <command>`.',
      '',
    ].join('\n'),
  );
  process.exitCode = 1;
}
