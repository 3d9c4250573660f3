/**
 * Settings of glibc's allocator for processes that compute. By default it maps every large block anew and gives it back when it
 * is freed, so that each value of a vocabulary's width (100 MB and more) costs a page fault for every 4 KiB, in every step: up to a third
 * of a supervised step of a 135M model. With these, memory that was freed is used again, by all sessions of the process, and
 * what lies free at the end of the heap goes back from 1 GiB on. Other allocators do not read them.
 */
const settings = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(1024 ** 3) } as const;

/** The environment takes precedence. Must be set before a process starts: the first allocation reads it. */
export const allocatorEnv = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => env[name] === undefined));
