// The environment for what is no service: settings of commands and benchmarks, and what their children inherit. Services get
// theirs from `Config`. Only this folder reads process.env (eslint.config.js).

/** A setting of a command; undefined when it is absent or blank. */
export const setting = (name: string): string | undefined => process.env[name]?.trim() || undefined;

/** The environment of a child process or a library: that of this process, overridden by `more`. */
export const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> => ({ ...process.env, ...more });

/** What any program of this machine needs, and nothing that is secret: for processes that work on what users brought. */
export const bareEnvironment = (): Record<string, string | undefined> => {
  const { PATH, LD_LIBRARY_PATH, TMPDIR } = process.env;
  return { PATH, LD_LIBRARY_PATH, TMPDIR };
};

/** URL and key of Plumbline for a command: its options, else PLUMBLINE_URL and PLUMBLINE_API_KEY. */
export const connection = (options: { url?: string; key?: string }): { baseUrl: string; apiKey: string | undefined } => ({
  baseUrl: options.url ?? setting('PLUMBLINE_URL') ?? 'http://127.0.0.1:3000',
  apiKey: options.key ?? setting('PLUMBLINE_API_KEY'),
});

/** The data folder as it was given, relative to where the command runs. */
export const dataDir = (): string => setting('PLUMBLINE_DATA_DIR') ?? '.plumbline';
