/**
 * Reads the memory and CPU time of the local runtime, which is the workerd processes of a process group. Linux only.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const KIB = 1024;

/** Returns the resident memory of the group's workerd processes together, in bytes. */
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

/** Returns how many bytes the group's resident memory grew at most while `work` ran. */
export async function growthDuring(group: number, work: () => Promise<unknown>): Promise<number> {
  const before = residentBytes(group);
  let highest = before;
  const sampler = setInterval(() => {
    highest = Math.max(highest, residentBytes(group));
  }, 50);
  await work();
  clearInterval(sampler);
  return highest - before;
}

/** Returns the CPU seconds that the group's workerd processes have used so far. */
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

/** Returns the CPU seconds that programs take, given as a line of bash in which `"$0"` is the path of a file. */
export function programSeconds(line: string, path: string): number {
  const script = `{ ${line}; } >/dev/null; times`;
  const said = execFileSync('bash', ['-c', script, path]).toString().trim().split('\n')[1] ?? '';
  return [...said.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}
