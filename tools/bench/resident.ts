/** The resident memory of the local runtime: of the workerd processes in a process group. */
import { readdirSync, readFileSync } from 'node:fs';

const KIB = 1024;

/** Bytes, summed over the group's workerd processes; Linux only. */
function residentBytes(group: number): number {
  let total = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, command = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
      if (!command.startsWith('workerd') || Number(rest.split(' ')[2]) !== group) continue;
      const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
      total += Number(resident ?? 0) * KIB;
    } catch {
      // It has ended meanwhile.
    }
  }
  return total;
}

/** How far the group's memory rose over where it stood before `work`, at its highest. */
export async function growthDuring(group: number, work: () => Promise<unknown>): Promise<number> {
  const before = residentBytes(group);
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, residentBytes(group));
  }, 50);
  await work();
  clearInterval(sampler);
  return most - before;
}

/** CPU seconds of the group's workerd processes so far. */
export function cpuSeconds(group: number): number {
  const ticksASecond = 100;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, command = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      const fields = rest.split(' ');
      if (command.startsWith('workerd') && Number(fields[2]) === group)
        ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / ticksASecond;
}
