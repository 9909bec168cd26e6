import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEnergyMeter } from '../../src/reports/energy.ts';

describe('energy', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'energy-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function counter(name: string, value: number | string, range = 1000e6): void {
    mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, name, 'energy_uj'), `${value}\n`);
    writeFileSync(path.join(folder, name, 'max_energy_range_uj'), `${range}\n`);
  }

  it('sums packages, without their parts, over counters that go round', () => {
    counter('intel-rapl:0', 990e6);
    counter('intel-rapl:1', 5e6);
    counter('intel-rapl:0:0', 1e6);
    const meter = openEnergyMeter(folder)!;
    expect(meter.joules()).to.equal(0);
    counter('intel-rapl:0', 20e6); // 10 to the end and 20 from zero
    counter('intel-rapl:1', 12e6);
    counter('intel-rapl:0:0', 900e6);
    expect(meter.joules()).to.equal(37);
    counter('intel-rapl:1', 13e6);
    expect(meter.joules()).to.equal(38);
  });

  it('is none where nothing can be read', () => {
    expect(openEnergyMeter(path.join(folder, 'absent'))).to.equal(null);
    expect(openEnergyMeter(folder)).to.equal(null);
    counter('intel-rapl:0', 'for root alone');
    expect(openEnergyMeter(folder)).to.equal(null);
  });
});
