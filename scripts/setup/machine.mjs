import { Problem } from './problem.mjs';

/**
 * What set-up has to know of the machine.
 * @typedef {object} Machine
 * @property {'linux-x64' | 'linux-arm64' | 'darwin-arm64'} name names the machine's kind in files and folders
 * @property {readonly string[]} wheelPlatforms pip's names of the platforms whose wheels run here, best first
 * @property {(library: string) => string} library file name of a shared library of TensorFlow's, version 2
 * @property {string} compiler
 * @property {readonly string[]} compilerFlags beyond those that all machines share
 * @property {string} origin how a library's run path names the library's own folder
 * @property {Readonly<Record<'compiler' | 'pip' | 'tar', string>>} remedy the command that brings a missing tool
 */

const LINUX = /** @type {const} */ ({
  library: (/** @type {string} */ name) => `lib${name}.so.2`,
  compiler: 'g++',
  compilerFlags: [],
  origin: '$ORIGIN',
  remedy: {
    compiler: 'sudo apt-get install -y g++',
    pip: 'sudo apt-get install -y python3-pip',
    tar: 'sudo apt-get install -y tar',
  },
});

/** @type {Readonly<Record<Machine['name'], Machine>>} */
const MACHINES = {
  'linux-x64': {
    ...LINUX,
    name: 'linux-x64',
    wheelPlatforms: ['manylinux_2_27_x86_64', 'manylinux_2_25_x86_64', 'manylinux2014_x86_64'],
  },
  'linux-arm64': {
    ...LINUX,
    name: 'linux-arm64',
    wheelPlatforms: ['manylinux_2_27_aarch64', 'manylinux2014_aarch64'],
  },
  'darwin-arm64': {
    name: 'darwin-arm64',
    wheelPlatforms: ['macosx_12_0_arm64'],
    library: (name) => `lib${name}.2.dylib`,
    compiler: 'clang++',
    // Node's own symbols are found when Node loads the file.
    compilerFlags: ['-undefined', 'dynamic_lookup'],
    origin: '@loader_path',
    remedy: { compiler: 'xcode-select --install', pip: 'brew install python', tar: 'xcode-select --install' },
  },
};

/**
 * The machine that set-up runs on. Throws a Problem if Node is too old or TensorFlow has no library for the machine.
 * @param {{ version: string, platform: string, arch: string }} node Node's version and what it was built for
 * @returns {Machine}
 */
export function machineOf({ version, platform, arch }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Problem(
      `Node ${version} is too old: 20.19 or newer is needed (https://nodejs.org/en/download)`,
    );
  }
  if (platform === 'win32') {
    throw new Problem(
      'TensorFlow has no library for Node on Windows itself. It runs in WSL: `wsl --install` in an administrator' +
        "'s PowerShell, then open Ubuntu, install Node, python3-pip and g++ there, and clone and start again inside it",
    );
  }
  const name = `${platform}-${arch}`;
  const machine = Object.entries(MACHINES).find(([key]) => key === name)?.[1];
  if (machine === undefined) {
    throw new Problem(
      `TensorFlow has no library for ${name}; it has for: ${Object.keys(MACHINES).join(', ')}. ` +
        'If the machine is one of these, install the Node that was built for it',
    );
  }
  return machine;
}
