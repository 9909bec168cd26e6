// Stands in for npm, pip3, g++ and python3 in the tests of set-up: called under their names, it notes each call in
// $FAKE_LOG and does what $FAKE_<TOOL> says: nothing special, 'fail', 'hang', or 'slow'.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const tool = path.basename(process.argv[1] ?? '');
const args = process.argv.slice(2);
const env = /** @type {Record<string, string>} */ (process.env);
const behaviour = env[`FAKE_${tool.toUpperCase().replace(/\W/g, 'X')}`];

/** @param {string} option */
const valueOf = (option) => args[args.indexOf(option) + 1] ?? '';

if (args[0] !== '--version' && args[0] !== '-c')
  fs.appendFileSync(env['FAKE_LOG'] ?? '', `${tool} ${args.join(' ')}\n`);

if (tool === 'npm' && args[0] === 'ci') await install();
if (tool === 'npm' && args[0] === 'pack') await copyFiles(valueOf('--pack-destination'), isPhotoPackage);
if (tool === 'pip3' && args[0] === 'download') await copyFiles(valueOf('-d'), isWheel);
if (tool === 'g++') await compile();
if (tool === 'python3') await python();

async function install() {
  fs.rmSync('node_modules', { recursive: true, force: true });
  await misbehave();
  for (const file of [
    '@tensorflow/tfjs-node/binding/tfjs_backend.cc',
    'node-api-headers/include/node_api.h',
  ]) {
    fs.mkdirSync(path.dirname(`node_modules/${file}`), { recursive: true });
    fs.writeFileSync(`node_modules/${file}`, '// source\n');
  }
  fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
}

/** @param {string} name */
function isPhotoPackage(name) {
  const [, wanted = ''] = args; // @scope/name@version
  return name === `${wanted.replace(/^@/, '').replace(/[/@]/g, '-')}.tgz`;
}

/** @param {string} name */
function isWheel(name) {
  // tensorflow-cpu is called tensorflow in some lists
  const wanted = fs.readFileSync(valueOf('-r'), 'utf8').match(/^\w+/gm) ?? [];
  return name.endsWith('.whl') && wanted.some((start) => name.startsWith(start));
}

/**
 * @param {string} folder
 * @param {(name: string) => boolean} wanted
 */
async function copyFiles(folder, wanted) {
  fs.writeFileSync(path.join(folder, 'half-a-download'), 'x');
  await misbehave();
  fs.rmSync(path.join(folder, 'half-a-download'));
  const from = env['FAKE_DOWNLOADS'] ?? '';
  for (const name of fs.readdirSync(from).filter(wanted))
    fs.copyFileSync(path.join(from, name), path.join(folder, name));
}

async function compile() {
  await misbehave();
  fs.copyFileSync(env['FAKE_ADDON'] ?? '', valueOf('-o'));
}

async function python() {
  if (args[0] === '-c') process.stdout.write('3.11\n');
  if (args.includes('install')) {
    await misbehave();
    fs.mkdirSync(path.join(valueOf('--target'), 'tensorboard'));
    fs.writeFileSync(path.join(valueOf('--target'), 'tensorboard/main.py'), '');
  }
  if (args.includes('tensorboard.main')) {
    process.once('SIGTERM', () => process.exit(7));
    fs.appendFileSync(env['FAKE_LOG'] ?? '', `PYTHONPATH ${env['PYTHONPATH']}\n`);
    if (behaviour === 'hang') await sleep(20_000);
  }
}

async function misbehave() {
  if (behaviour === 'fail') {
    process.stderr.write('ERROR: the network is unreachable\n');
    process.exit(1);
  }
  if (behaviour === 'hang') await sleep(20_000);
  if (behaviour === 'slow') await sleep(500);
}
