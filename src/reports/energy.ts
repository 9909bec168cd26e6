/** What the processor has used, by its own counters (RAPL) where Linux lets this user read them; everything that runs on it is counted. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface EnergyMeter {
  /** Joules since the meter was opened. */
  joules(): number;
}

interface Package {
  readonly file: string;
  /** The counter starts again at zero after this many µJ. */
  readonly range: number;
  last: number;
  /** µJ since the meter was opened. */
  used: number;
}

/** The processor packages; their parts (cores, memory) are folders of their own and in the packages' counters already. */
const PACKAGE = /^intel-rapl:\d+$/;

/**
 * Opens a meter on the counters of all packages; null where there are none or they cannot be read (most systems show them to root alone). It must be read once
 * before a counter has gone round, which takes minutes at the least.
 */
export function openEnergyMeter(folder = '/sys/class/powercap'): EnergyMeter | null {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => PACKAGE.test(name)) : [];
  const packages = names.map((name) => openPackage(join(folder, name)));
  if (packages.length === 0 || packages.includes(null)) return null;
  return {
    joules() {
      for (const each of packages as Package[]) {
        const now = counterIn(each.file) ?? each.last;
        each.used += now >= each.last ? now - each.last : now + each.range - each.last;
        each.last = now;
      }
      return (packages as Package[]).reduce((sum, { used }) => sum + used, 0) / 1e6;
    },
  };
}

function openPackage(folder: string): Package | null {
  const file = join(folder, 'energy_uj');
  const [last, range] = [counterIn(file), counterIn(join(folder, 'max_energy_range_uj'))];
  return last === null || range === null ? null : { file, range, last, used: 0 };
}

function counterIn(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch {
    return null; // not there, or for root alone
  }
}
