// Loaded into what tools/process-group.ts starts: the group ends if its starter was killed, which gets no chance to end it.
import { isMainThread } from 'node:worker_threads';

const starter = Number(process.env.STARTER_PID);
const look = () => {
  try {
    process.kill(starter, 0);
  } catch {
    // 0 is everybody in our own group.
    process.kill(0, 'SIGKILL');
  }
};
if (isMainThread) setInterval(look, 500).unref();
