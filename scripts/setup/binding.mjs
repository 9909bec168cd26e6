import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { lastLines, run } from './command.mjs';
import { ensure } from './product.mjs';
import { Problem } from './problem.mjs';
import { announced } from './progress.mjs';
import { TENSORFLOW_VERSION, bringTensorFlow } from './tensorflow.mjs';

/** @typedef {import('./tensorflow.mjs').Device} Device */

const ADDON = 'tfjs_binding.node';

/** Calls of the binding that native/functions.cc stands between: it needs the binding's context, and what operations are told. */
const HOOKS = ['-DTFE_NewContext=deepfake_game_new_context', '-DTFE_Execute=deepfake_game_execute'];

/**
 * The place where the package @tensorflow/tfjs-node looks for its compiled binding.
 * @param {string} root the checkout
 */
const linkOf = (root) => path.join(root, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8', ADDON);

/**
 * Which library the checkout's binding is linked to, or undefined if there is none: what was once chosen with --gpu
 * stays until --cpu.
 * @param {string} root the checkout
 * @returns {Device | undefined}
 */
export function linkedDevice(root) {
  if (!fs.lstatSync(linkOf(root), { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  const target = fs.readlinkSync(linkOf(root));
  return /-gpu-/.test(path.basename(path.dirname(target))) ? 'gpu' : 'cpu';
}

/**
 * Compiles the binding that comes as source in @tensorflow/tfjs-node, and the project's own few lines beside it,
 * against TensorFlow's library in the cache, and links the package to it.
 * @param {object} wanted
 * @param {string} wanted.root the checkout
 * @param {string} wanted.cache
 * @param {import('./machine.mjs').Machine} wanted.machine
 * @param {Device} wanted.device
 */
export async function compileBinding({ root, cache, machine, device }) {
  const sources = sourcesOf(root);
  const flags = [
    '-O3',
    '-std=c++17',
    '-shared',
    '-fPIC',
    '-pthread',
    '-Wno-psabi',
    // nobody reads errno after a square root; without this there is none of a vector
    '-fno-math-errno',
    '-DNAPI_VERSION=8',
    ...HOOKS,
    ...machine.compilerFlags,
  ];
  const name = `binding-${TENSORFLOW_VERSION}-${machine.name}-${device}-${hashOf(root, sources, flags)}`;
  const folder = path.join(cache, name);
  const addon = path.join(folder, ADDON);
  // Also where the binding is there already: its library may not be.
  const tensorflow = await bringTensorFlow({ cache, machine, device });
  await ensure({
    folder,
    what: 'compiling the binding',
    bytes: 1e8,
    isWhole: () => fs.existsSync(addon),
    make: async (partial) => {
      const output = path.join(partial, ADDON);
      const library = path.join(tensorflow, 'tensorflow');
      const command = [
        process.env['CXX'] || machine.compiler,
        ...flags,
        ...['node_modules/node-api-headers/include', 'node_modules/@tensorflow/tfjs-node', 'native'].map(
          (name) => `-I${name}`,
        ),
        `-I${path.join(library, 'include')}`,
        ...sources.filter((name) => name.endsWith('.cc')),
        ...['tensorflow_cc', 'tensorflow_framework'].map((name) => path.join(library, machine.library(name))),
        `-Wl,-rpath,${machine.origin}/../${path.basename(tensorflow)}/tensorflow`,
        ...['-o', output],
      ];
      await announced('compiling the binding', () => compile(command, root, machine));
      await checkThatItLoads(output);
    },
  });
  link(addon, linkOf(root));
}

/**
 * @param {readonly string[]} command
 * @param {string} root
 * @param {import('./machine.mjs').Machine} machine
 */
async function compile(command, root, machine) {
  const { code, output } = await run(command, { cwd: root });
  if (code === 'missing') throw new Problem(`${command[0]} is missing: ${machine.remedy.compiler}`);
  if (code !== 0) {
    throw new Problem(
      `${command[0]} could not compile the TensorFlow binding; nothing was kept:\n${lastLines(output)}`,
    );
  }
}

/**
 * In a process of its own, because a library that does not suit the machine may end the process that opens it.
 * @param {string} addon
 */
async function checkThatItLoads(addon) {
  const script = `process.dlopen({ exports: {} }, ${JSON.stringify(addon)})`;
  const { code, output } = await run([process.execPath, '-e', script]);
  if (code === 0) return;
  throw new Problem(
    `TensorFlow does not load on this machine; it needs glibc 2.27 or newer (no musl) and, on x86-64, AVX:\n${lastLines(output)}`,
  );
}

/**
 * @param {string} root
 * @returns {string[]} paths relative to the checkout, in a fixed order
 */
function sourcesOf(root) {
  const folders = ['node_modules/@tensorflow/tfjs-node/binding', 'native'];
  return folders.flatMap((folder) => {
    if (!fs.existsSync(path.join(root, folder))) return [];
    const names = fs.readdirSync(path.join(root, folder)).filter((name) => /\.(cc|h)$/.test(name));
    return names.sort().map((name) => `${folder}/${name}`);
  });
}

/**
 * @param {string} root
 * @param {readonly string[]} sources
 * @param {readonly string[]} flags
 */
function hashOf(root, sources, flags) {
  const hash = createHash('sha256').update(JSON.stringify([flags, sources]));
  for (const name of sources) hash.update(fs.readFileSync(path.join(root, name)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Points the link at the addon in one step, so that no moment is without one.
 * @param {string} addon
 * @param {string} link
 */
function link(addon, link) {
  const stat = fs.lstatSync(link, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() && fs.readlinkSync(link) === addon) return;
  fs.mkdirSync(path.dirname(link), { recursive: true });
  const next = `${link}.${process.pid}`;
  fs.symlinkSync(addon, next);
  fs.renameSync(next, link);
}
