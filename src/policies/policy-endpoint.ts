/** A model that is served elsewhere, by an API of OpenAI's form (OpenAI, vLLM, Ollama, llama.cpp, TGI). */
export const endpointApis = ['chat', 'completions'] as const;
export type EndpointApi = (typeof endpointApis)[number];

export interface PolicyEndpoint {
  /** Base URL, to which /chat/completions or /completions is appended; without a trailing slash. */
  baseUrl: string;
  /** Name of the model on the server. */
  model: string;
  api: EndpointApi;
  /** Environment variable of the worker that holds the key; null: no key is sent. */
  apiKeyEnv: string | null;
  /** Maximum number of parallel requests. */
  maxConcurrency: number;
  /** Timeout of one request, in seconds. */
  timeoutSeconds: number;
}
